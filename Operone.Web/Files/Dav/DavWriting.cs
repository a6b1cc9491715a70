using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Dav;

/// <summary>GET, PUT, MKCOL and DELETE on a drive.</summary>
internal sealed class DavWriting(DavNodes nodes, DavGuard guard, DavLocks locks, FileService files)
{
    public async Task<IResult> GetAsync(DavCall call)
    {
        var stat = await nodes.StatAsync(call.Actor, call.Path, call.Cancelled);
        if (stat.IsError)
        {
            return stat.Error!.Refuse().ToResult(call.Request);
        }

        if (stat.Value.Kind == FileKind.Folder)
        {
            return Results.Text("This is a folder of a network drive. docs/webdav.md says how to mount it.\n");
        }

        var headers = call.Request.GetTypedHeaders();
        return headers.IfMatch.Count > 0 && !headers.IfMatch.Any(t => t.Tag == "*" || t.Tag == $"\"{stat.Value.Tag}\"")
            ? DavErrors.NotMet(call.Path.ToString()).Refuse().ToResult(call.Request)
            : await FileDownload.SendAsync(call.Http, call.Actor, files, call.Path, inline: false, call.Cancelled);
    }

    public async Task<IResult> PutAsync(DavCall call)
    {
        if (call.Request.Headers.ContentRange.Count > 0)
        {
            // RFC 9110, section 14.5: a part would be taken for the whole
            return DavErrors.Malformed("A file is written whole here: send it without Content-Range.").Refuse().ToResult(call.Request);
        }

        var there = await nodes.FindAsync(call.Actor, call.Path, call.Cancelled);
        if (there.IsError)
        {
            return there.Error!.Refuse().ToResult(call.Request);
        }

        if (await guard.CheckAsync(call, new DavChange(call.Path, IsMember: there.Value is null, IsDeep: false)) is { } refusal)
        {
            return refusal.ToResult(call.Request);
        }

        if (there.Value is { Kind: FileKind.Folder })
        {
            return FileErrors.From(new(FileProblems.WrongKind, "it is a folder."), call.Path.ToString()).Refuse(StatusCodes.Status405MethodNotAllowed).ToResult(call.Request);
        }

        var headers = call.Request.GetTypedHeaders();
        var how = new WriteFile(
            Overwrite: !headers.IfNoneMatch.Any(t => t.Tag == "*"), Tag: headers.IfMatch is [{ IsWeak: false } match] ? match.Tag.Value?.Trim('"') : null);
        call.Http.TakeAnyBody();
        var written = await files.WriteAsync(call.Actor, call.Path, call.Request.Body, how, call.Cancelled);
        if (written.IsError)
        {
            return Missing(written.Error!, call.Path, StatusCodes.Status412PreconditionFailed).ToResult(call.Request);
        }

        call.Http.Response.Headers.ETag = written.Value.Tag is { } tag ? $"\"{tag}\"" : default;
        return Done(there.Value is null);
    }

    public async Task<IResult> MakeFolderAsync(DavCall call)
    {
        if (await guard.CheckAsync(call, new DavChange(call.Path, IsMember: true, IsDeep: false)) is { } refusal)
        {
            return refusal.ToResult(call.Request);
        }

        if (call.HasBody)
        {
            return DavErrors.Malformed("A folder is made without a body.").Refuse(StatusCodes.Status415UnsupportedMediaType).ToResult(call.Request);
        }

        var made = await files.MakeFolderAsync(call.Actor, call.Path, parents: false, call.Cancelled);
        return made.IsError ? Missing(made.Error!, call.Path, StatusCodes.Status405MethodNotAllowed).ToResult(call.Request) : Done(isNew: true);
    }

    public async Task<IResult> DeleteAsync(DavCall call)
    {
        if (call.Depth != DavCall.Infinity)
        {
            return DavErrors.Malformed("What is removed is removed with all that is in it: Depth must be infinity.").Refuse().ToResult(call.Request);
        }

        if (await guard.CheckAsync(call, new DavChange(call.Path, IsMember: true, IsDeep: true)) is { } refusal)
        {
            return refusal.ToResult(call.Request);
        }

        var removed = await RemoveAsync(call.Actor, call.Path, call.Cancelled);
        return removed.IsError ? removed.Error!.Refuse().ToResult(call.Request) : TypedResults.NoContent();
    }

    /// <summary>Removes, with all that is in it: to the trash, and for good where there is none. Its locks go with it.</summary>
    public async Task<Result<RemovedFiles>> RemoveAsync(Actor actor, TreePath path, CancellationToken cancellationToken)
    {
        var removed = await files.RemoveAsync(actor, path, recursive: true, trash: true, cancellationToken);
        if (removed.Error is { Code: "file-unsupported" })
        {
            removed = await files.RemoveAsync(actor, path, recursive: true, trash: false, cancellationToken);
        }

        if (!removed.IsError)
        {
            await locks.GoneAsync(path, CancellationToken.None);
        }

        return removed;
    }

    /// <summary>201 for what is new, 204 for what is another now.</summary>
    public static IResult Done(bool isNew) => isNew ? TypedResults.StatusCode(StatusCodes.Status201Created) : TypedResults.NoContent();

    /// <summary>The refusal of something that was to be made: where the folder for it is missing, that is a conflict (RFC 4918, section 9.3.1).</summary>
    public static DavRefusal Missing(Error error, TreePath path, int whereItExists) => error.Code switch
    {
        "file-not-found" => DavErrors.Above(path.ToString()).Refuse(),
        "file-exists" => error.Refuse(whereItExists),
        _ => error.Refuse(),
    };
}
