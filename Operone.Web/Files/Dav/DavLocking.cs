using System.Xml.Linq;
using Operone.Core.Errors;

namespace Operone.Web.Files.Dav;

/// <summary>LOCK and UNLOCK (RFC 4918, sections 9.10 and 9.11).</summary>
internal sealed class DavLocking(DavNodes nodes, DavGuard guard, DavLocks locks, FileService files, TimeProvider time)
{
    public async Task<IResult> LockAsync(DavCall call)
    {
        if (call.Depth is not (0 or DavCall.Infinity) || call.Depth is not { } depth)
        {
            return DavErrors.Malformed("The Depth of a lock must be 0 or infinity.").Refuse().ToResult(call.Request);
        }

        var body = await DavXml.ReadAsync(call.Request, call.Cancelled);
        if (body.IsError)
        {
            return body.Error!.Refuse().ToResult(call.Request);
        }

        if (body.Value is null)
        {
            return await RefreshAsync(call);
        }

        var how = Read(body.Value, depth == DavCall.Infinity, call.Seconds);
        if (how.IsError)
        {
            return how.Error!.Refuse().ToResult(call.Request);
        }

        var there = await nodes.FindAsync(call.Actor, call.Path, call.Cancelled);
        if (there.IsError)
        {
            return there.Error!.Refuse().ToResult(call.Request);
        }

        // what is not there yet comes to be, as an empty file: that changes its folder
        var refusal = there.Value is null
            ? await guard.CheckAsync(call, new DavChange(call.Path, IsMember: true, IsDeep: false))
            : await guard.CheckAsync(call);
        if (refusal is not null)
        {
            return refusal.ToResult(call.Request);
        }

        var taken = await locks.TakeAsync(call.Actor, call.Path, how.Value, call.Cancelled);
        if (taken.IsError)
        {
            return (taken.Error!.Code == "file-locked"
                ? new DavRefusal(StatusCodes.Status423Locked, taken.Error!, "no-conflicting-lock", [call.Path])
                : taken.Error!.Refuse()).ToResult(call.Request);
        }

        if (there.Value is null)
        {
            var made = await files.WriteAsync(call.Actor, call.Path, Stream.Null, new(Overwrite: false), call.Cancelled);
            if (made.IsError)
            {
                await locks.ReleaseAsync(call.Actor, call.Path, taken.Value.Token, CancellationToken.None);
                return DavWriting.Missing(made.Error!, call.Path, StatusCodes.Status412PreconditionFailed).ToResult(call.Request);
            }
        }

        call.Http.Response.Headers["Lock-Token"] = $"<{taken.Value.Token}>";
        return Discovered(call, taken.Value, there.Value is null ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    public async Task<IResult> UnlockAsync(DavCall call)
    {
        var token = call.Request.Headers["Lock-Token"].ToString().Trim();
        if (token is not ['<', .., '>'])
        {
            return DavErrors.Malformed("It must say in Lock-Token which lock.").Refuse().ToResult(call.Request);
        }

        var released = await locks.ReleaseAsync(call.Actor, call.Path, token[1..^1], call.Cancelled);
        return !released.IsError ? TypedResults.NoContent()
            : released.Error!.Code == "file-lock-unknown"
                ? new DavRefusal(StatusCodes.Status409Conflict, released.Error!, "lock-token-matches-request-uri").ToResult(call.Request)
                : released.Error!.Refuse().ToResult(call.Request);
    }

    private async Task<IResult> RefreshAsync(DavCall call)
    {
        var header = call.If();
        if (header.IsError || header.Value?.Tokens.ToArray() is not [var token])
        {
            return (header.Error ?? DavErrors.Malformed("A lock is made to last on by its token alone, in an If header.")).Refuse().ToResult(call.Request);
        }

        var held = await locks.RefreshAsync(call.Actor, call.Path, token, call.Seconds, call.Cancelled);
        return !held.IsError ? Discovered(call, held.Value, StatusCodes.Status200OK)
            : held.Error!.Code == "file-lock-unknown"
                ? new DavRefusal(StatusCodes.Status412PreconditionFailed, held.Error!, "lock-token-matches-request-uri").ToResult(call.Request)
                : held.Error!.Refuse().ToResult(call.Request);
    }

    private IResult Discovered(DavCall call, DavLock held, int status) => DavAnswers.Xml(
        new XElement(
            DavXml.Dav + "prop", new XAttribute(XNamespace.Xmlns + "D", DavXml.Dav.NamespaceName),
            new XElement(DavXml.Dav + "lockdiscovery", DavProperties.ActiveLock(held, time.GetUtcNow(), call.Request))),
        status);

    private static Result<TakeLock> Read(XElement body, bool isDeep, int seconds)
    {
        var scope = body.Element(DavXml.Dav + "lockscope");
        var isExclusive = scope?.Element(DavXml.Dav + "exclusive") is not null;
        if (body.Name != DavXml.Dav + "lockinfo" || isExclusive == scope?.Element(DavXml.Dav + "shared") is not null
            || body.Element(DavXml.Dav + "locktype")?.Element(DavXml.Dav + "write") is null)
        {
            return DavErrors.Malformed("Its body must be a DAV:lockinfo for an exclusive or a shared write lock.");
        }

        var owner = body.Element(DavXml.Dav + "owner") is { } said ? DavXml.ToText(said) : null;
        return owner?.Length > DavLocks.MaxOwner ? DavErrors.Malformed($"What it says of the owner is longer than {DavLocks.MaxOwner} characters.")
            : new TakeLock(isExclusive, isDeep, owner, seconds);
    }
}
