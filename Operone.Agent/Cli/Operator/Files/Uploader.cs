using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Disk;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>Sends a file to a device by tus (https://tus.io/protocols/resumable-upload): after a break it goes on where the device stands.</summary>
internal sealed class Uploader(TimeProvider time, TimeSpan window, Action<long> moved, RemoteFiles to)
{
    /// <summary>How often it is tried to use the file there from one offset on; then the rest goes as bytes.</summary>
    private const int MostTries = 3;

    private readonly Retry _retry = new(time, window);
    private ReusePlan? _plan;
    private (long Offset, int Times) _tried;
    private long _counted;
    private long _sent;

    /// <summary>Sends it.</summary>
    public async Task<Result<Unit>> SendAsync(IFileSide from, FileItem file, TreePath path, CopyHow how, CancellationToken cancellationToken)
    {
        Result<byte[]> sha;
        while ((sha = await from.HashAsync(file.Path, cancellationToken)).IsError)
        {
            if (!await _retry.WaitAsync(sha.Error!, cancellationToken))
            {
                return sha.Error!;
            }
        }

        var address = to.AddressOf(path);
        var key = UploadNotes.KeyOf(to.Api.Url, address, file.Size, sha.Value, how);
        var upload = UploadNotes.Find(key);
        var isNoted = upload is not null;
        _plan = await Versions.CompareAsync(from, file, to, path, how, cancellationToken);
        var isDoubtful = isNoted || _plan is not null;
        while (true)
        {
            var done = upload is null ? new Error(ErrorKind.NotFound, "upload-not-found", "", "") : await GoOnAsync(upload, from, file, cancellationToken);
            if (done.Error is not { } error)
            {
                // one that had ended before this program did may not be what is there now
                if (!isNoted || _sent > 0 || (await to.HashAsync(path, cancellationToken) is { IsError: false, Value: var there } && there.AsSpan().SequenceEqual(sha.Value)))
                {
                    break;
                }

                (isNoted, upload) = (false, null);
                continue;
            }

            if (error.Code == "bad-digest" && isDoubtful && upload is not null)
            {
                // of what was there something was not what it seemed: all of it is sent
                await EndAsync(upload, cancellationToken);
                (isDoubtful, isNoted, _plan, upload) = (false, false, null, null);
                UploadNotes.Forget(key);
                continue;
            }

            if (_plan is not null && error.Code is ("file-changed" or "upload-no-base"))
            {
                // the rest goes as bytes
                _plan = null;
                continue;
            }

            if (error.Code == "upload-not-found")
            {
                // it was never begun, or has expired
                Count(0);
                var begun = await BeginAsync(address, file, sha.Value, how, cancellationToken);
                if (begun.Error is null)
                {
                    upload = begun.Value;
                    UploadNotes.Note(key, upload);
                    continue;
                }

                error = begun.Error;
            }

            if (!await _retry.WaitAsync(error, cancellationToken))
            {
                return error;
            }
        }

        UploadNotes.Forget(key);
        return how.Mode is null ? Unit.Value : await to.ChangeAsync(path, how.Mode, null, cancellationToken);
    }

    private async Task<Result<string>> BeginAsync(string address, FileItem file, byte[] sha256, CopyHow how, CancellationToken cancellationToken)
    {
        var metadata = new StringBuilder($"path {Encode(address)},sha256 {Encode(Convert.ToHexStringLower(sha256))},overwrite {Encode(how.Overwrite ? "true" : "false")}");
        if (RemoteFiles.Time(how.ModifiedAt) is { } at)
        {
            metadata.Append(",modifiedAt ").Append(Encode(at));
        }

        var sent = await to.Api.SendFileAsync(HttpMethod.Post, "/uploads", null, headers =>
        {
            Speak(headers);
            headers.Add("Upload-Length", file.Size.ToString(CultureInfo.InvariantCulture));
            headers.Add("Upload-Metadata", metadata.ToString());
        }, isLong: false, cancellationToken);
        if (sent.Error is { } error)
        {
            return error;
        }

        using var response = sent.Value;
        return response.Headers.Location is { } location && Guid.TryParse(location.OriginalString.Split('/')[^1], out var id) ? id.ToString() : to.Api.NotOperone();
    }

    private async Task<Result<Unit>> GoOnAsync(string upload, IFileSide from, FileItem file, CancellationToken cancellationToken)
    {
        var asked = await to.Api.SendFileAsync(HttpMethod.Head, $"/uploads/{upload}", null, Speak, isLong: false, cancellationToken);
        if (asked.Error is { } error)
        {
            // a HEAD has no body to say why
            return error with { Code = error.Kind switch { ErrorKind.NotFound => "upload-not-found", ErrorKind.Conflict => "upload-busy", ErrorKind.Unprocessable => "bad-digest", _ => error.Code } };
        }

        using (asked.Value)
        {
            if (!asked.Value.Headers.TryGetValues("Upload-Offset", out var values) || !long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
                || offset > file.Size)
            {
                return to.Api.NotOperone();
            }

            Count(offset);
        }

        _tried = (_counted, _tried.Offset == _counted ? _tried.Times + 1 : 1);
        if (_plan is { } plan && _tried.Times <= MostTries)
        {
            using var stretches = new StretchContent(from, file, plan, _counted, CountOne, Sent);
            return await SendAsync(upload, stretches, plan.Old.Tag, () => stretches.Problem, cancellationToken);
        }

        var opened = await from.OpenAsync(file, _counted, null, cancellationToken);
        if (opened.Error is { } unread)
        {
            return unread;
        }

        using var content = new RestOfFile(opened.Value, file.Size - _counted, Sent);
        return await SendAsync(upload, content, null, () => content.Problem, cancellationToken);
    }

    private async Task<Result<Unit>> SendAsync(string upload, HttpContent content, string? old, Func<Error?> problem, CancellationToken cancellationToken)
    {
        var at = _counted;
        var sent = await to.Api.SendFileAsync(HttpMethod.Patch, $"/uploads/{upload}", content, headers =>
        {
            Speak(headers);
            headers.Add("Upload-Offset", at.ToString(CultureInfo.InvariantCulture));
            if (old is not null)
            {
                headers.Add(FileMediaTypes.BaseHeader, $"\"{old}\"");
            }

            headers.ExpectContinue = true;
        }, isLong: true, cancellationToken);
        if (problem() is { } own)
        {
            return own;
        }

        using var response = sent.IsError ? null : sent.Value;
        return sent.IsError ? sent.Error! : Unit.Value;
    }

    /// <summary>Ends it: nothing is left of it.</summary>
    private async Task EndAsync(string upload, CancellationToken cancellationToken)
    {
        var ended = await to.Api.SendFileAsync(HttpMethod.Delete, $"/uploads/{upload}", null, Speak, isLong: false, cancellationToken);
        using var response = ended.IsError ? null : ended.Value;
        Count(0);
    }

    private void Sent(int count)
    {
        _sent += count;
        CountOne(count);
    }

    private void CountOne(long count)
    {
        _counted += count;
        moved(count);
        _retry.Progress();
    }

    /// <summary>So much of it has moved, whatever was thought.</summary>
    private void Count(long offset)
    {
        moved(offset - _counted);
        _counted = offset;
    }

    private static void Speak(HttpRequestHeaders headers) => headers.Add("Tus-Resumable", "1.0.0");

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>What is left of a file, as a body.</summary>
    private sealed class RestOfFile : HttpContent
    {
        private readonly Stream _source;
        private readonly long _length;
        private readonly Action<int> _sent;

        public RestOfFile(Stream source, long length, Action<int> sent)
        {
            (_source, _length, _sent) = (source, length, sent);
            Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        }

        /// <summary>What is wrong with the file itself.</summary>
        public Error? Problem { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
            try
            {
                for (var left = _length; left > 0;)
                {
                    var count = await ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, FileLimits.PieceBytes)), cancellationToken);
                    await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                    _sent(count);
                    left -= count;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _length;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _source.Dispose();
            }

            base.Dispose(disposing);
        }

        private async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            try
            {
                var count = await _source.ReadAsync(buffer, cancellationToken);
                if (count > 0)
                {
                    return count;
                }

                Problem = new Error(ErrorKind.Unprocessable, FileProblems.Changed, "It has become shorter while it was copied.", "Try again.");
                throw new IOException(Problem.Title);
            }
            catch (FileFault fault)
            {
                Problem = LocalFiles.ToError(fault);
                throw new IOException(fault.Message, fault);
            }
        }
    }
}
