using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>The files of a device or a mount, through the server.</summary>
internal sealed class RemoteFiles(OperoneApi api, string device) : IFileSide
{
    private const string Devices = "devices";

    private readonly TreePath _top = Place.IsTree(device) ? TreePath.Parse(device).Value : TreePath.Top.Child(Devices).Child(device);

    /// <inheritdoc/>
    public bool IsLocal => false;

    /// <summary>The API.</summary>
    public OperoneApi Api => api;

    /// <summary>The device's name, or the mount's address in the tree.</summary>
    public string Device => device;

    /// <summary>A path as an address in the tree.</summary>
    public string AddressOf(TreePath path) => _top.Join(path).ToAddress();

    /// <inheritdoc/>
    public string Show(TreePath path) => Place.IsTree(device) ? $":{_top.Join(path)}" : $"{FileName.Display(device)}:{path}";

    /// <inheritdoc/>
    public async Task<Result<FileItem>> StatAsync(TreePath path, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(path, cancellationToken);
        return view.IsError ? view.Error! : FileItem.Of(path, view.Value);
    }

    /// <summary>All that the server says of what is there.</summary>
    public async Task<Result<FileView>> ViewAsync(TreePath path, CancellationToken cancellationToken)
    {
        var sent = await api.SendFileAsync(HttpMethod.Get, Files(path) + "?view=entry", null, null, isLong: false, cancellationToken);
        if (sent.Error is { } error)
        {
            return error;
        }

        using var response = sent.Value;
        try
        {
            return api.Read(await response.Content.ReadAsByteArrayAsync(cancellationToken), OperoneJson.Default.FileView);
        }
        catch (Exception e) when (api.Explain(e, cancellationToken) is not null)
        {
            return api.Explain(e, cancellationToken)!;
        }
    }

    /// <inheritdoc/>
    public Task<Result<Unit>> ListAsync(TreePath path, Action<FileItem> take, CancellationToken cancellationToken) =>
        ListAsync(path, null, (item, _) => take(item), cancellationToken);

    /// <summary>All of a folder, in an order, with all that the server says.</summary>
    public async Task<Result<Unit>> ListAsync(TreePath path, string? sort, Action<FileItem, FileView> take, CancellationToken cancellationToken)
    {
        var opened = await api.SendFileAsync(
            HttpMethod.Get, Files(path) + Shared.Query(("sort", sort)), null, h => h.Accept.Add(new("application/x-ndjson")), isLong: false, cancellationToken);
        if (opened.Error is { } error)
        {
            return error;
        }

        using var response = opened.Value;
        try
        {
            await using var lines = await response.Content.ReadAsStreamAsync(cancellationToken);
            await foreach (var view in JsonSerializer.DeserializeAsyncEnumerable(lines, OperoneJson.Default.FileView, topLevelValues: true, cancellationToken))
            {
                // what comes is a name in this folder, whatever its address says
                if (view?.Path is not { } address || FileName.FromSegment(address.AsSpan(address.LastIndexOf('/') + 1)) is not { } name || FileName.Check(name) is not null)
                {
                    return api.NotOperone();
                }

                take(FileItem.Of(path.Child(name), view), view);
            }

            return Unit.Value;
        }
        catch (JsonException)
        {
            return api.NotOperone();
        }
        catch (Exception e) when (api.Explain(e, cancellationToken) is not null)
        {
            return api.Explain(e, cancellationToken)!;
        }
    }

    /// <inheritdoc/>
    public Task<Result<Unit>> MakeFolderAsync(TreePath path, bool parents, CancellationToken cancellationToken) =>
        DoAsync(HttpMethod.Put, Files(path) + "?kind=folder" + (parents ? "&parents=true" : ""), null, cancellationToken);

    /// <inheritdoc/>
    public Task<Result<Unit>> MakeLinkAsync(TreePath path, string target, CancellationToken cancellationToken) =>
        // a query is text: it would have another target
        target.AsSpan().IndexOfAnyInRange('\uDC80', '\uDCFF') >= 0 && FileName.Display(target).Contains('\uFFFD', StringComparison.Ordinal)
            ? Task.FromResult<Result<Unit>>(new Error(ErrorKind.Unprocessable, FileProblems.Unsupported, "A link to a name that is not UTF-8 cannot be made on a device.", ""))
            : DoAsync(HttpMethod.Put, Files(path) + "?kind=link&target=" + Uri.EscapeDataString(target), null, cancellationToken);

    /// <inheritdoc/>
    public Task<Result<Unit>> RemoveAsync(TreePath path, bool recursive, bool trash, CancellationToken cancellationToken) =>
        DoAsync(HttpMethod.Delete, Files(path) + $"?recursive={(recursive ? "true" : "false")}&trash={(trash ? "true" : "false")}", null, cancellationToken);

    /// <inheritdoc/>
    public Task<Result<Unit>> ChangeAsync(TreePath path, int? mode, DateTimeOffset? modifiedAt, CancellationToken cancellationToken) =>
        DoAsync(HttpMethod.Patch, Files(path), Json(JsonSerializer.SerializeToUtf8Bytes(new UpdateFile(Octal(mode), ModifiedAt: modifiedAt), OperoneJson.Default.UpdateFile)), cancellationToken);

    /// <summary>Moves within the device.</summary>
    public Task<Result<Unit>> MoveAsync(TreePath path, TreePath to, bool overwrite, CancellationToken cancellationToken) => DoAsync(
        HttpMethod.Post, Files(path).Replace(":", "%3A", StringComparison.Ordinal) + ":move",
        Json(JsonSerializer.SerializeToUtf8Bytes(new BringFile(AddressOf(to), overwrite), OperoneJson.Default.BringFile)), cancellationToken);

    /// <summary>Writes a small file whole.</summary>
    public async Task<Result<Unit>> PutAsync(TreePath path, byte[] content, byte[] sha256, CopyHow how, CancellationToken cancellationToken)
    {
        var query = Shared.Query(("mode", Octal(how.Mode)), ("modifiedAt", Time(how.ModifiedAt)));
        using var body = new ByteArrayContent(content);
        var sent = await api.SendFileAsync(HttpMethod.Put, Files(path) + query, body, headers =>
        {
            headers.Add("Repr-Digest", $"sha-256=:{Convert.ToBase64String(sha256)}:");
            if (!how.Overwrite)
            {
                headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
            }
        }, isLong: false, cancellationToken);
        using var response = sent.IsError ? null : sent.Value;
        return sent.IsError ? sent.Error! : Unit.Value;
    }

    /// <summary>Opens a file from an offset on; where it is not what it was, it comes whole, from its beginning.</summary>
    public Task<Result<HttpResponseMessage>> GetAsync(TreePath path, long offset, long? length, string? tag, CancellationToken cancellationToken) =>
        api.SendFileAsync(HttpMethod.Get, Files(path), null, headers =>
        {
            if (offset > 0 || length is not null)
            {
                headers.Range = new(offset, offset + length - 1);
                if (tag is not null)
                {
                    headers.IfRange = new(new EntityTagHeaderValue($"\"{tag}\""));
                }
            }
        }, isLong: false, cancellationToken);

    /// <inheritdoc/>
    public async Task<Result<Stream>> OpenAsync(FileItem file, long offset, long? length, CancellationToken cancellationToken)
    {
        var tag = file.Kind == FileKind.Link ? null : file.Tag;
        var got = await GetAsync(file.Path, offset, length, tag, cancellationToken);
        if (got.Error is { } error)
        {
            return error;
        }

        if (((offset > 0 || length is not null) && got.Value.StatusCode != HttpStatusCode.PartialContent) || (tag is not null && got.Value.Headers.ETag?.Tag != $"\"{tag}\""))
        {
            got.Value.Dispose();
            return Changed(Show(file.Path));
        }

        return new AnswerStream(got.Value, await got.Value.Content.ReadAsStreamAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<Result<long>> MeasureAsync(TreePath path, CancellationToken cancellationToken)
    {
        var asked = await api.SendFileAsync(HttpMethod.Head, Files(path), null, null, isLong: false, cancellationToken);
        using var response = asked.IsError ? null : asked.Value;
        return asked.IsError ? asked.Error! : response!.Content.Headers.ContentLength ?? 0;
    }

    /// <inheritdoc/>
    public async Task<Result<byte[]>> HashAsync(TreePath path, CancellationToken cancellationToken)
    {
        var asked = await api.SendFileAsync(
            HttpMethod.Head, Files(path), null, h => h.Add("Want-Repr-Digest", "sha-256=1"), isLong: true, cancellationToken);
        if (asked.Error is { } error)
        {
            // the answer to a HEAD has no body that could say why
            var why = await StatAsync(path, cancellationToken);
            return why.Error ?? (error.Kind == ErrorKind.Conflict ? error with { Kind = ErrorKind.Unavailable } : error);
        }

        using var response = asked.Value;
        var field = response.Headers.TryGetValues("Repr-Digest", out var values) ? string.Concat(values) : "";
        var sha = new byte[33];
        return field.StartsWith("sha-256=:", StringComparison.Ordinal) && Convert.TryFromBase64String(field["sha-256=".Length..].Trim(':'), sha, out var count) && count == 32
            ? sha[..32] : api.NotOperone();
    }

    /// <inheritdoc/>
    public async Task<Result<FileChunks>> ChunksAsync(TreePath path, int average, CancellationToken cancellationToken)
    {
        var asked = await api.SendFileAsync(HttpMethod.Get, Files(path) + string.Create(CultureInfo.InvariantCulture, $"?chunks={average}"), null, null, isLong: true, cancellationToken);
        if (asked.Error is { } error)
        {
            return error;
        }

        using var response = asked.Value;
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var (list, buffer) = (new ChunkList(average), new byte[64 << 10]);
            int count;
            while ((count = await body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (!list.Add(buffer.AsSpan(0, count)))
                {
                    return api.NotOperone();
                }
            }

            var tag = response.Headers.ETag?.Tag.Trim('"');
            return response.Content.Headers.ContentType?.MediaType == FileMediaTypes.Chunks && list.IsAllOf(list.Bytes)
                ? new FileChunks(new FileEntry { Segment = FileName.ToSegment(path.Name), Kind = FileKind.File, Size = list.Bytes, Tag = tag }, list.Chunks) : api.NotOperone();
        }
        catch (Exception e) when (api.Explain(e, cancellationToken) is not null)
        {
            return api.Explain(e, cancellationToken)!;
        }
    }

    /// <summary>What to say of a file that is not what it was.</summary>
    public static Error Changed(string place) =>
        new(ErrorKind.Conflict, FileProblems.Changed, "It has changed meanwhile.", $"'{place}' was written to while it was copied. Try again.");

    /// <summary>A time as the API takes it.</summary>
    public static string? Time(DateTimeOffset? time) => time?.ToString("O", CultureInfo.InvariantCulture);

    private static string? Octal(int? mode) => mode is { } bits ? Convert.ToString(bits & 0xFFF, 8).PadLeft(3, '0') : null;

    private static ByteArrayContent Json(byte[] json) => new(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private string Files(TreePath path) => "/files" + AddressOf(path);

    private async Task<Result<Unit>> DoAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using (content)
        {
            var sent = await api.SendFileAsync(method, path, content, null, isLong: true, cancellationToken);
            using var response = sent.IsError ? null : sent.Value;
            return sent.IsError ? sent.Error! : Unit.Value;
        }
    }
}
