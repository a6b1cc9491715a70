using System.Buffers;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files;

/// <summary>Where a file's bytes come from.</summary>
/// <param name="Address">Where it is; the last name is the file's.</param>
/// <param name="Stat">What it is.</param>
/// <param name="Read">Opens it, for a range of it.</param>
/// <param name="Hash">Its SHA-256; null where nobody knows that before reading it.</param>
internal sealed record FileSource(
    TreePath Address, Func<CancellationToken, Task<Result<FileView>>> Stat, Func<long, long?, CancellationToken, Task<Result<IFileReading>>> Read, Func<CancellationToken, Task<Result<byte[]>>>? Hash);

/// <summary>Sends a file's bytes: whole, or one range of them, with validators (RFC 9110).</summary>
internal static class FileDownload
{
    private static readonly FileExtensionContentTypeProvider _types = new();
    private static readonly byte[] _zeros = new byte[64 * 1024];

    /// <summary>The media type of a file, by its name.</summary>
    public static string TypeOf(string name) => _types.TryGetContentType(name, out var type) ? type : "application/octet-stream";

    /// <summary>Sends a file of the tree.</summary>
    public static Task<IResult> SendAsync(HttpContext http, Actor actor, FileService files, TreePath address, bool inline, CancellationToken cancellationToken) => SendAsync(
        http,
        new FileSource(
            address, until => files.StatOpenedAsync(actor, address, until), (offset, length, until) => files.ReadAsync(actor, address, offset, length, until), until => files.HashAsync(actor, address, until)),
        inline, cancellationToken);

    /// <summary>Sends it. What breaks off is aborted, so that nobody takes a part for the whole.</summary>
    public static async Task<IResult> SendAsync(HttpContext http, FileSource source, bool inline, CancellationToken cancellationToken)
    {
        var address = source.Address;
        var range = http.Request.GetTypedHeaders().Range is { Unit.Value: "bytes", Ranges: { Count: 1 } ranges } ? ranges.First() : null;
        var stat = range is not null || http.Request.Method == HttpMethods.Head ? await source.Stat(cancellationToken) : null as Result<FileView>?;
        if (stat is { IsError: true } failed)
        {
            return failed.Error!.ToProblem();
        }

        var (offset, length) = (0L, (long?)null);
        if (stat?.Value is { } known)
        {
            if (known.Kind == FileKind.Folder)
            {
                return FileErrors.NotThere(address.ToString()).ToProblem();
            }

            if (http.Request.Method == HttpMethods.Head)
            {
                return await HeadAsync(http, source, known, cancellationToken);
            }

            // a range of something else than who asks has a part of is no use: they get it whole
            var isSame = http.Request.GetTypedHeaders().IfRange is not { } ifRange
                || (ifRange.EntityTag?.Tag is { } tag ? tag == $"\"{known.Tag}\"" : ifRange.LastModified == Seconds(known.ModifiedAt));
            if (isSame && known.Size is { } size)
            {
                if (Resolve(range!, size) is not { } resolved)
                {
                    http.Response.Headers.ContentRange = $"bytes */{size}";
                    return TypedResults.Problem($"The file has {size} bytes.", statusCode: StatusCodes.Status416RangeNotSatisfiable, title: "That range is not in the file.");
                }

                (offset, length) = resolved;
            }
        }

        var opened = await source.Read(offset, length, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!.ToProblem();
        }

        if (length is not null && opened.Value.Entry.Tag != stat?.Value.Tag)
        {
            // another file has taken its place meanwhile: who asks gets that one whole
            await opened.Value.DisposeAsync();
            (offset, length) = (0, null);
            opened = await source.Read(0, null, cancellationToken);
            if (opened.IsError)
            {
                return opened.Error!.ToProblem();
            }
        }

        await using var reading = opened.Value;
        var entry = reading.Entry;
        if (http.Request.GetTypedHeaders().IfNoneMatch.Any(t => t.Tag == "*" || t.Tag == $"\"{entry.Tag}\""))
        {
            http.Response.Headers.ETag = $"\"{entry.Tag}\"";
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }

        Describe(http.Response, address, entry.Tag, entry.ModifiedAt, inline);
        if (inline)
        {
            http.AllowFramingHere();
        }

        if (length is { } part)
        {
            http.Response.StatusCode = (int)HttpStatusCode.PartialContent;
            http.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {offset}-{offset + part - 1}/{entry.Size}");
        }

        // a file of the system that says nothing of its size is sent until it ends
        http.Response.ContentLength = length ?? (entry.Size > 0 ? entry.Size : null);

        // a node that stops lets go of everybody: who had a part goes on with it by themselves
        var stopping = http.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        try
        {
            await CopyAsync(http, reading, stop.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            http.Abort();
        }

        return Results.Empty;
    }

    private static async Task<IResult> HeadAsync(HttpContext http, FileSource source, FileView known, CancellationToken cancellationToken)
    {
        if (source.Hash is not null && RepresentationDigest.IsWanted(http.Request.Headers["Want-Repr-Digest"]))
        {
            var hash = await source.Hash(cancellationToken);
            if (hash.IsError)
            {
                return hash.Error!.ToProblem();
            }

            http.Response.Headers["Repr-Digest"] = RepresentationDigest.Write(hash.Value);
        }

        Describe(http.Response, source.Address, known.Tag, known.ModifiedAt, inline: false);
        http.Response.ContentLength = known.Size;
        return Results.Empty;
    }

    private static void Describe(HttpResponse response, TreePath address, string? tag, DateTimeOffset? modified, bool inline)
    {
        var name = FileName.Display(address.Name);
        var disposition = new ContentDispositionHeaderValue(inline ? "inline" : "attachment");
        disposition.SetHttpFileName(name);
        response.ContentType = TypeOf(name);
        response.Headers.ContentDisposition = disposition.ToString();
        response.Headers.XContentTypeOptions = "nosniff";
        // nothing of a device's file runs as a page of this origin; a browser shows a PDF by a program of its own, and not at all in a sandbox
        var sandbox = inline && response.ContentType == "application/pdf" ? "" : "sandbox; ";
        response.Headers.ContentSecurityPolicy = $"{sandbox}default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors {(inline ? "'self'" : "'none'")}";
        response.Headers.CacheControl = "private, no-cache";
        response.Headers.AcceptRanges = "bytes";
        if (tag is not null)
        {
            response.Headers.ETag = $"\"{tag}\"";
        }

        response.GetTypedHeaders().LastModified = modified;
    }

    private static async Task CopyAsync(HttpContext http, IFileReading reading, CancellationToken cancellationToken)
    {
        http.SendAsItComes();
        var buffer = ArrayPool<byte>.Shared.Rent(FileLimits.PieceBytes);
        try
        {
            while (true)
            {
                var piece = await reading.ReadAsync(buffer, cancellationToken);
                if (piece.IsError)
                {
                    http.Abort();
                    return;
                }

                for (var hole = piece.Value.Hole; hole > 0;)
                {
                    var now = (int)Math.Min(hole, _zeros.Length);
                    await http.Response.Body.WriteAsync(_zeros.AsMemory(0, now), cancellationToken);
                    hole -= now;
                }

                if (piece.Value.IsEnd)
                {
                    return;
                }

                await http.Response.Body.WriteAsync(buffer.AsMemory(0, piece.Value.Count), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static (long Offset, long? Length)? Resolve(RangeItemHeaderValue range, long size) => (range.From, range.To) switch
    {
        ({ } from, { } to) when from < size && from <= to => (from, Math.Min(to, size - 1) - from + 1),
        ({ } from, null) when from < size => (from, size - from),
        (null, { } last) when last > 0 && size > 0 => (Math.Max(0, size - last), Math.Min(last, size)),
        _ => null,
    };

    private static DateTimeOffset? Seconds(DateTimeOffset? at) => at is { } time ? new DateTimeOffset(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), time.Offset) : null;
}
