using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Uploads;

/// <summary>
/// Uploads by the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload): core, creation, creation-with-upload, checksum, termination, expiration.
/// </summary>
internal static class UploadEndpoints
{
    private const string Version = "1.0.0";
    private const string Extensions = "creation,creation-with-upload,checksum,termination,expiration";
    private const string Algorithms = "sha256,sha1";
    private const string Bytes = "application/offset+octet-stream";
    private const string Prefix = "/api/v1/uploads";

    // The console's own door: the API takes no change by a cookie. Other sites are kept out by their origin (Origins), and by Tus-Resumable,
    // which no browser sends across origins unasked.
    private const string ConsolePrefix = "/uploads";

    private const int ChecksumMismatch = 460;

    public static void MapUploads(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Prefix).WithTags("Files").RequireSignedIn().ProducesAccessProblems().AddEndpointFilter(CheckVersionAsync);
        group.MapMethods("/", [HttpMethods.Options], Describe).WithName("DescribeUploads").WithSummary("What of tus is spoken here")
            .WithDescription("tus 1.0.0, with its extensions in the headers.");
        group.MapPost("/", CreateAsync).WithName("CreateUpload").WithSummary("Begin an upload that can go on after a break (tus)")
            .WithDescription("`Upload-Length`, and `Upload-Metadata` with `path` (an address in the tree), or `folder` and `filename`; and, where they matter, "
                + "`overwrite` (true), `modifiedAt` (ISO 8601), `sha256` (hexadecimal). The body may have the first bytes.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapMethods("/{id:guid}", [HttpMethods.Head], LookAsync).WithName("GetUpload").WithSummary("How far is an upload? (tus)")
            .WithDescription("In `Upload-Offset`.").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPatch("/{id:guid}", WriteAsync).WithName("WriteUpload").WithSummary("Go on with an upload (tus)")
            .WithDescription("From `Upload-Offset` on. With `Upload-Checksum` only what is right counts; else the answer is 460. With the last byte the file is there. "
                + "Where the upload replaces a file that may be read, what both have in common need not be sent: with `Content-Type: application/vnd.operone.stretches` the body is a row of stretches, "
                + "each behind 16 bytes: its length, and where the file there has it, or -1 where its bytes follow (whole numbers of eight bytes, the highest first). "
                + "`Upload-Base` is the `ETag` of that file; where it has changed the answer is 409 `file-changed`, and the rest is sent as bytes. See `chunks` of `GET /api/v1/files`.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        group.MapDelete("/{id:guid}", RemoveAsync).WithName("RemoveUpload").WithSummary("End an upload (tus)").WithDescription("Nothing is left of it.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        var console = routes.MapGroup(ConsolePrefix).RequireSignedIn().ExcludeFromDescription().DisableAntiforgery().AddEndpointFilter(CheckVersionAsync);
        console.MapPost("/", CreateAsync);
        console.MapMethods("/{id:guid}", [HttpMethods.Head], LookAsync);
        console.MapPatch("/{id:guid}", WriteAsync);
        console.MapDelete("/{id:guid}", RemoveAsync);
    }

    private static async ValueTask<object?> CheckVersionAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        http.Response.Headers["Tus-Resumable"] = Version;
        if (http.Request.Method != HttpMethods.Options && http.Request.Headers["Tus-Resumable"] != Version)
        {
            http.Response.Headers["Tus-Version"] = Version;
            return TypedResults.Problem("Send the header Tus-Resumable: 1.0.0.", statusCode: StatusCodes.Status412PreconditionFailed, title: "This is tus 1.0.0.");
        }

        return await next(context);
    }

    private static IResult Describe(HttpContext http)
    {
        http.Response.Headers["Tus-Version"] = Version;
        http.Response.Headers["Tus-Extension"] = Extensions;
        http.Response.Headers["Tus-Checksum-Algorithm"] = Algorithms;
        return TypedResults.NoContent();
    }

    private static async Task<IResult> CreateAsync(HttpContext http, Actor actor, UploadService uploads, CancellationToken cancellationToken)
    {
        var request = Read(http.Request);
        var created = request.IsError ? request.Error! : await uploads.CreateAsync(actor, request.Value, cancellationToken);
        if (created.IsError)
        {
            return created.Error!.ToProblem();
        }

        http.Response.Headers.Location = $"{(http.Request.Path.StartsWithSegments(ConsolePrefix) ? ConsolePrefix : Prefix)}/{created.Value.Id}";
        Tell(http.Response, created.Value);
        if (http.Request.ContentType != Bytes || created.Value.CompletedAt is not null)
        {
            return TypedResults.StatusCode(StatusCodes.Status201Created);
        }

        http.TakeAnyBody();
        var checksum = ReadChecksum(http.Request);
        if (checksum.IsError)
        {
            return checksum.Error!.ToProblem();
        }

        using var stop = OrStopping(http, cancellationToken);
        var written = await uploads.WriteAsync(actor, created.Value.Id, 0, new(http.Request.Body, checksum.Value), stop.Token);
        if (written is { IsError: false, Value: { } upload })
        {
            Tell(http.Response, upload);
        }

        // the upload is there in any case: how far, the client finds out
        return TypedResults.StatusCode(StatusCodes.Status201Created);
    }

    private static async Task<IResult> LookAsync(HttpContext http, Actor actor, Guid id, UploadService uploads, CancellationToken cancellationToken)
    {
        var found = await uploads.GetAsync(actor, id, cancellationToken);
        if (found.IsError)
        {
            return found.Error!.ToProblem();
        }

        Tell(http.Response, found.Value);
        http.Response.Headers["Upload-Length"] = found.Value.Length.ToString(CultureInfo.InvariantCulture);
        http.Response.Headers["Upload-Metadata"] = found.Value.Metadata;
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok();
    }

    private static async Task<IResult> WriteAsync(HttpContext http, Actor actor, Guid id, UploadService uploads, CancellationToken cancellationToken)
    {
        var isStretches = http.Request.ContentType == FileMediaTypes.Stretches;
        if (http.Request.ContentType != Bytes && !isStretches)
        {
            return TypedResults.Problem($"Send the bytes as {Bytes}.", statusCode: StatusCodes.Status415UnsupportedMediaType, title: "The content is of another type.");
        }

        if (!long.TryParse(http.Request.Headers["Upload-Offset"], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            return Error.InvalidField("Upload-Offset", "must be a number of bytes").ToProblem();
        }

        var checksum = ReadChecksum(http.Request);
        if (checksum.IsError)
        {
            return checksum.Error!.ToProblem();
        }

        var old = http.Request.Headers[FileMediaTypes.BaseHeader].ToString();
        if (isStretches && (checksum.Value is not null || !(old.Length > 2 && old[0] == '"' && old[^1] == '"')))
        {
            return checksum.Value is null ? Error.InvalidField(FileMediaTypes.BaseHeader, "must be the entity tag of the file there, in quotes").ToProblem()
                : Error.InvalidField("Upload-Checksum", "goes with bytes alone").ToProblem();
        }

        http.TakeAnyBody();
        using var stop = OrStopping(http, cancellationToken);
        var written = await uploads.WriteAsync(actor, id, offset, new(http.Request.Body, checksum.Value, isStretches ? old[1..^1] : null), stop.Token);
        if (written.IsError)
        {
            return written.Error!.ToProblem();
        }

        if (written.Value is not { } upload)
        {
            return TypedResults.Problem("Send this stretch again.", statusCode: ChecksumMismatch, title: "What came is not what was sent.");
        }

        Tell(http.Response, upload);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RemoveAsync(Actor actor, Guid id, UploadService uploads, CancellationToken cancellationToken) =>
        (await uploads.RemoveAsync(actor, id, cancellationToken)).ToNoContent().Result;

    private static void Tell(HttpResponse response, Upload upload)
    {
        response.Headers["Upload-Offset"] = (upload.CompletedAt is null ? upload.Offset : upload.Length).ToString(CultureInfo.InvariantCulture);
        response.Headers["Upload-Expires"] = upload.ExpiresAt.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>A node that stops lets go of everybody: what came is stored, and they go on by themselves.</summary>
    private static CancellationTokenSource OrStopping(HttpContext http, CancellationToken cancellationToken) => CancellationTokenSource.CreateLinkedTokenSource(
        cancellationToken, http.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);

    private static Result<NewUpload> Read(HttpRequest request)
    {
        var errors = new FieldErrors();
        if (!long.TryParse(request.Headers["Upload-Length"], NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            errors.Add("Upload-Length", "must be the number of bytes");
        }

        var text = request.Headers["Upload-Metadata"].ToString();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split(' ', 2);
            var value = new byte[parts.Length > 1 ? parts[1].Length : 0];
            if (!Convert.TryFromBase64String(parts.Length > 1 ? parts[1] : "", value, out var count))
            {
                errors.Add("Upload-Metadata", $"the value of '{parts[0]}' is not base64");
                continue;
            }

            metadata[parts[0]] = Encoding.UTF8.GetString(value, 0, count);
        }

        var address = ReadAddress(metadata, errors);
        var modifiedAt = DateTimeOffset.MinValue;
        errors.AddIf(
            metadata.TryGetValue("modifiedAt", out var time) && !DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out modifiedAt),
            "Upload-Metadata", "modifiedAt is no time (ISO 8601)");
        var sha = new byte[32];
        errors.AddIf(
            metadata.TryGetValue("sha256", out var hex) && Convert.FromHexString(hex, sha, out _, out var bytes) is not System.Buffers.OperationStatus.Done | bytes != 32,
            "Upload-Metadata", "sha256 is not 64 hexadecimal digits");
        return errors.ToError() is { } error ? error : new NewUpload(
            address!, length, metadata.GetValueOrDefault("overwrite") == "true", time is null ? null : modifiedAt, hex is null ? null : sha, text);
    }

    private static TreePath? ReadAddress(Dictionary<string, string> metadata, FieldErrors errors)
    {
        if (metadata.TryGetValue("path", out var path))
        {
            var parsed = TreePath.Parse(path);
            errors.AddIf(parsed.IsError, "Upload-Metadata", $"path: {parsed.Error?.Detail}");
            return parsed.IsError ? null : parsed.Value;
        }

        if (!metadata.TryGetValue("folder", out var folder) || !metadata.TryGetValue("filename", out var name))
        {
            errors.Add("Upload-Metadata", "must have path, or folder and filename");
            return null;
        }

        // a file of a folder that was dropped has a path of its own
        var parent = TreePath.Parse(folder);
        var below = TreePath.FromNames(name.Split('/'));
        errors.AddIf(parent.IsError, "Upload-Metadata", $"folder: {parent.Error?.Detail}");
        errors.AddIf(below.IsError, "Upload-Metadata", $"filename: {below.Error?.Detail}");
        return parent.IsError || below.IsError ? null : parent.Value.Join(below.Value);
    }

    private static Result<(HashAlgorithmName Algorithm, byte[] Value)?> ReadChecksum(HttpRequest request)
    {
        if (request.Headers["Upload-Checksum"].ToString() is not { Length: > 0 } text)
        {
            return ((HashAlgorithmName, byte[])?)null;
        }

        var parts = text.Split(' ', 2);
        var algorithm = parts[0] switch { "sha256" => HashAlgorithmName.SHA256, "sha1" => HashAlgorithmName.SHA1, _ => default };
        var value = new byte[text.Length];
        return algorithm.Name is null || parts.Length < 2 || !Convert.TryFromBase64String(parts[1], value, out var count)
            ? Error.InvalidField("Upload-Checksum", $"must be one of {Algorithms}, a blank, and base64")
            : ((HashAlgorithmName, byte[])?)(algorithm, value[..count]);
    }
}
