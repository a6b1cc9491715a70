using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Web.Access;
using Operone.Web.Files.Archives;
using Operone.Web.Files.Archives.Inside;
using Operone.Web.Files.Reuse;
using Operone.Web.Files.Search;
using Operone.Web.Files.Transfers;
using Operone.Web.Files.Unpack;
using Operone.Web.Hosting;

namespace Operone.Web.Files;

/// <summary>The tree over REST.</summary>
internal static class FileEndpoints
{
    private const string Prefix = "/api/v1/files";
    private static readonly string[] _acts = ["move", "copy", "search", "unpack"];
    private static readonly string[] _reads = [HttpMethods.Get, HttpMethods.Head];

    public static void Map(IEndpointRouteBuilder routes)
    {
        // who may what depends on the place: the service asks
        var group = routes.MapGroup(Prefix).WithTags("Files").RequireSignedIn().ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        group.MapMethods("/{**path}", _reads, Get).WithName("GetFile").WithSummary("Read a file, or list a folder")
            .WithDescription("A file's bytes, with ranges (RFC 9110). With `Accept: application/json` a folder is a page of its entries, with "
                + "`application/x-ndjson` all of them, one a line, with `text/event-stream` what changes in it: events `changed` with the entries' segments, none for \"read it again\". `view=entry` gives what is known of the thing itself. Names are percent-encoded bytes: "
                + "a name that is not UTF-8 is `%FF`. With `archive` a folder comes as one stream. With `chunks` come a file's chunks (FastCDC), 20 bytes each: the length in four, the highest first, and the first 16 of its SHA-256. With `in` an archive (zip, tar, tar.gz, tar.zst) is looked into, without unpacking it: its folders are listed and its files read as those of the tree. `Want-Repr-Digest: sha-256=1` (RFC 9530) with HEAD gives the content's SHA-256.")
            .Produces<FolderView>().Produces(StatusCodes.Status206PartialContent).Produces(StatusCodes.Status304NotModified).ProducesProblem(StatusCodes.Status416RangeNotSatisfiable);
        group.MapPut("/{**path}", Put).WithName("PutFile").WithSummary("Write a file, or make a folder or a link")
            .WithDescription("The body becomes the file, at once and whole. `If-Match` and `If-None-Match: *` guard what is there; `Repr-Digest` what is sent. "
                + "With `kind=folder` a folder is made, with `kind=link&target=` a symbolic link. A large file is better sent by `/api/v1/uploads`, which resumes.")
            .Produces<FileView>().Produces<FileView>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        group.MapPatch("/{**path}", Patch).WithName("UpdateFile").WithSummary("Change a file's attributes")
            .WithDescription("Mode, owner, group, time of change, extended attributes, where the place has them. What is not given stays.")
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        group.MapDelete("/{**path}", Delete).WithName("RemoveFile").WithSummary("Remove a file or a folder")
            .WithDescription("To the device's trash, unless `trash=false`. A folder that is not empty only with `recursive=true`.")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        group.MapPost("/{**path}", Post).WithName("ActOnFile").WithSummary("Move, copy or search a file or a folder, or unpack into one")
            .WithDescription("`:move` behind the path moves within one device or mount, at once. `:copy`, and a move to another device or mount, are transfers: "
                + "the answer is 202 with the transfer, see `/api/v1/transfers`. `:search` takes a query as `/api/v1/files:search` has it, and answers in the same lines "
                + "(`application/x-ndjson`) for this place. `:unpack` unpacks an archive into a folder: the body, or with `from` one in the tree (zip, tar, tar.gz, tar.zst, by their first bytes); "
                + "it answers with a line for each entry (`entry`) and at last one with the counts (`end`), which says what ended it where something did. A colon that belongs to a name is written `%3A`.")
            .Accepts<BringFile>("application/json").Produces<FileView>().Produces<TransferView>(StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> Get(
        HttpContext http, Actor actor, FileService files,
        [Description("`entry` for what is known of the thing itself, in JSON.")] string? view,
        [Description("name, size, modified or kind; with - in front downwards.")] string? sort,
        [Description("Only names that have this in them.")] string? q,
        [Description("How many entries, 1 to 5000; 200 by default.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor,
        [Description("Show it in the browser instead of saving it; it is never run as a page's script.")] bool? inline,
        [Description("`zip`, `tar` or `tar.zst`: a folder, with all that is in it, as an archive.")] string? archive,
        [Description("The average length, a power of two from 16384 to 16777216: the file's content-defined chunks instead of its bytes.")] int? chunks,
        [Description("The file is an archive: a place in it, as the path of an address; `/` is its top.")] string? @in,
        CancellationToken cancellationToken)
    {
        var address = FileAddress.Read(http, Prefix);
        if (address.IsError)
        {
            return address.Error!.ToProblem();
        }

        var path = address.Value.Path;
        if (@in is not null)
        {
            return await InsideDoor.SendAsync(http, actor, path, @in, view, new(sort, cursor, limit, q), inline == true, cancellationToken);
        }

        if (archive is not null)
        {
            return await ArchiveDownload.SendAsync(http, actor, path, archive, cancellationToken);
        }

        if (chunks is { } average)
        {
            return await ChunksDoor.SendAsync(http, actor, path, average, cancellationToken);
        }

        if (view is "entry")
        {
            return (await files.StatAsync(actor, path, cancellationToken)).ToOk().Result;
        }

        var accepted = MediaTypeHeaderValue.TryParseList([.. http.Request.Headers.Accept.OfType<string>()], out var types) ? types : [];
        if (accepted.Any(t => t.MediaType == "application/x-ndjson"))
        {
            return await FolderLines.SendAsync(http, take => files.ListAllAsync(actor, path, new(sort, cursor, null, q), take, cancellationToken), cancellationToken);
        }

        if (accepted.Any(t => t.MediaType == "text/event-stream"))
        {
            return await FolderEvents.SendAsync(http, actor, path, cancellationToken);
        }

        if (accepted.Any(t => t.MediaType == "application/json"))
        {
            return (await files.ListAsync(actor, path, new(sort, cursor, limit, q), cancellationToken)).ToOk().Result;
        }

        return await FileDownload.SendAsync(http, actor, files, path, inline == true, cancellationToken);
    }

    private static async Task<IResult> Put(
        HttpContext http, Actor actor, FileService files,
        [Description("`file` (default), `folder` or `link`.")] string? kind,
        [Description("Of a link: where it leads to.")] string? target,
        [Description("Make the folders above it too.")] bool? parents,
        [Description("The permission bits in octal digits.")] string? mode,
        [Description("The time of change that the file is to have; more exact than the header `Last-Modified`, which says it too.")] DateTimeOffset? modifiedAt,
        CancellationToken cancellationToken)
    {
        var address = FileAddress.Read(http, Prefix);
        if (address.IsError)
        {
            return address.Error!.ToProblem();
        }

        var path = address.Value.Path;
        switch (kind)
        {
            case "folder":
                return Made(await files.MakeFolderAsync(actor, path, parents == true, cancellationToken));
            case "link":
                return string.IsNullOrEmpty(target) ? Error.InvalidField("target", "is missing").ToProblem() : Made(await files.MakeLinkAsync(actor, path, string.Join('/', target.Split('/').Select(FileName.ToSegment)), cancellationToken));
            case null or "file":
                break;
            default:
                return Error.InvalidField("kind", "must be file, folder or link").ToProblem();
        }

        var how = ReadHow(http.Request, mode);
        if (how.IsError)
        {
            return how.Error!.ToProblem();
        }

        http.TakeAnyBody();

        return Made(await files.WriteAsync(
            actor, path, http.Request.Body, modifiedAt is null ? how.Value : how.Value with { ModifiedAt = modifiedAt }, cancellationToken));

        static IResult Made(Result<FileView> made) =>
            made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"{Prefix}{made.Value.Path}", made.Value);
    }

    private static async Task<Results<Ok<FileView>, ProblemHttpResult>> Patch(
        HttpContext http, Actor actor, FileService files, UpdateFile request, CancellationToken cancellationToken)
    {
        var address = FileAddress.Read(http, Prefix);
        return address.IsError ? address.Error!.ToProblem() : (await files.ChangeAsync(actor, address.Value.Path, request, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<RemovedFiles>, ProblemHttpResult>> Delete(
        HttpContext http, Actor actor, FileService files,
        [Description("Also a folder that is not empty, with all that is in it.")] bool? recursive,
        [Description("To the device's trash; true by default.")] bool? trash,
        CancellationToken cancellationToken)
    {
        var address = FileAddress.Read(http, Prefix);
        return address.IsError ? address.Error!.ToProblem()
            : (await files.RemoveAsync(actor, address.Value.Path, recursive == true, trash != false, cancellationToken)).ToOk();
    }

    private static async Task<IResult> Post(
        HttpContext http, Actor actor, FileService files, TransferService transfers,
        [Description("Of `:unpack`: the archive, as an address in the tree, instead of the body.")] string? from,
        [Description("Of `:unpack`: what becomes of files that are there already: fail (by default), skip or overwrite.")] string? conflict,
        [Description("Of `:unpack`: whether files get the modes and times that the archive has; true by default.")] bool? keep,
        CancellationToken cancellationToken)
    {
        var address = FileAddress.Read(http, Prefix, _acts);
        if (address.IsError)
        {
            return address.Error!.ToProblem();
        }

        var (path, act) = address.Value;
        switch (act)
        {
            case "search":
                return await SearchEndpoints.SearchOneAsync(http, actor, path, await ReadBodyAsync<FileQuery>(http, cancellationToken), cancellationToken);
            case "move" or "copy":
                return await BringAsync(actor, files, transfers, path, act == "move", await ReadBodyAsync<BringFile>(http, cancellationToken), cancellationToken);
            case "unpack":
                return await UnpackDoor.SendAsync(http, actor, path, from, conflict, keep != false, cancellationToken);
            default:
                return Error.InvalidField("path", "must end with what to do: :move, :copy, :search or :unpack").ToProblem();
        }
    }

    private static async Task<IResult> BringAsync(
        Actor actor, FileService files, TransferService transfers, TreePath path, bool isMove, BringFile? request, CancellationToken cancellationToken)
    {
        var to = TreePath.Parse(request?.To ?? "");
        if (request is null || to.IsError || to.Value.IsTop)
        {
            return Error.InvalidField("to", "must be an address in the tree").ToProblem();
        }

        if (isMove && FileTree.IsOnePlace(path, to.Value))
        {
            return (await files.MoveAsync(actor, path, to.Value, request.Overwrite, cancellationToken)).ToOk().Result;
        }

        var conflict = request.Conflict ?? (request.Overwrite ? ConflictRule.Overwrite : ConflictRule.Ask);
        return (await transfers.CreateAsync(actor, new([path.ToAddress()], to.Value.Parent.ToAddress(), isMove ? TransferKind.Move : TransferKind.Copy, to.Value.Name, conflict, request.IsPaused),
            cancellationToken)).ToAccepted().Result;
    }

    /// <summary>The body, which is JSON: what it is to be is known by the address alone.</summary>
    private static async ValueTask<T?> ReadBodyAsync<T>(HttpContext http, CancellationToken cancellationToken)
        where T : class => http.Request.HasJsonContentType()
            ? await http.Request.ReadFromJsonAsync<T>(cancellationToken)
            : throw new BadHttpRequestException("The body must be JSON: `Content-Type: application/json`.", StatusCodes.Status415UnsupportedMediaType);

    /// <summary>What the request's headers say of how the file is to be written.</summary>
    private static Result<WriteFile> ReadHow(HttpRequest request, string? mode)
    {
        var bits = mode is null ? null : FileService.ParseMode(mode);
        if (mode is not null && bits is null)
        {
            return Error.InvalidField("mode", "must be three or four octal digits, as 644");
        }

        var headers = request.GetTypedHeaders();
        var tag = headers.IfMatch is [{ IsWeak: false } match] ? match.Tag.Value?.Trim('"') : null;
        if (headers.IfMatch.Count > 0 && tag is null)
        {
            return Error.InvalidField("If-Match", "must be one strong entity tag, or *");
        }

        var digest = RepresentationDigest.Read(request.Headers["Repr-Digest"]);
        return digest.IsError ? digest.Error! : new WriteFile(
            Overwrite: !headers.IfNoneMatch.Any(t => t.Tag == "*"), tag, digest.Value, bits, headers.LastModified);
    }
}
