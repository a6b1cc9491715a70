using System.Xml.Linq;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Dav;

/// <summary>PROPFIND (RFC 4918, section 9.1): what is there, and in what a folder has, with properties.</summary>
internal sealed class PropFind(DavNodes nodes, DavLocks locks, TimeProvider time)
{
    private const int MaxNames = 200;

    private enum Sort
    {
        All,
        Names,
        Some,
    }

    private sealed record Wish(Sort Sort, IReadOnlyList<XName> Names)
    {
        public bool WantsDead => Sort != Sort.Some || Names.Any(n => !DavProperties.IsLive(n));

        public bool WantsLocks => Sort == Sort.All || Names.Contains(DavXml.Dav + "lockdiscovery");
    }

    public async Task<IResult> RunAsync(DavCall call)
    {
        if (call.Depth is not { } depth)
        {
            return DavErrors.Malformed("Its Depth must be 0, 1 or infinity.").Refuse().ToResult(call.Request);
        }

        var body = await DavXml.ReadAsync(call.Request, call.Cancelled);
        var wish = body.IsError ? body.Error! : Read(body.Value);
        if (wish.IsError)
        {
            return wish.Error!.Refuse().ToResult(call.Request);
        }

        var stat = await nodes.StatAsync(call.Actor, call.Path, call.Cancelled);
        if (stat.IsError)
        {
            return stat.Error!.Refuse().ToResult(call.Request);
        }

        if (depth == DavCall.Infinity && stat.Value.Kind == FileKind.Folder)
        {
            var error = new Error(ErrorKind.Forbidden, "depth-infinite", "Not all at once.", "A folder is listed with Depth 0 or 1.");
            return new DavRefusal(StatusCodes.Status403Forbidden, error, "propfind-finite-depth").ToResult(call.Request);
        }

        IReadOnlyList<DavLock> above = [];
        var below = Array.Empty<DavLock>().ToLookup(l => l.Path);
        if (wish.Value.WantsLocks)
        {
            above = await locks.AboveAsync(call.Path, call.Cancelled);
            below = depth == 0 ? below : (await locks.BelowAsync(call.Path, call.Cancelled)).ToLookup(l => l.Path);
        }

        using var answer = new MultiStatus(call.Http);
        await AddAsync(call, answer, wish.Value, new(call.Path, stat.Value, [.. above.Where(l => l.Covers(call.Path))], time.GetUtcNow()));
        if (depth > 0 && stat.Value.Kind == FileKind.Folder)
        {
            var deep = above.Where(l => l.IsDeep).ToArray();
            var listed = await nodes.ListAsync(
                call.Actor, call.Path, wish.Value.WantsDead,
                (path, view) => AddAsync(call, answer, wish.Value, new(path, view, [.. deep, .. below[path]], time.GetUtcNow())),
                call.Cancelled);
            if (listed.IsError && call.Http.Response.HasStarted)
            {
                // nobody is to take a part for the whole
                call.Http.Abort();
                return Results.Empty;
            }

            if (listed.IsError)
            {
                call.Http.Response.Clear();
                return listed.Error!.Refuse().ToResult(call.Request);
            }
        }

        await answer.EndAsync(call.Cancelled);
        return Results.Empty;
    }

    private static Result<Wish> Read(XElement? body)
    {
        if (body is null)
        {
            return new Wish(Sort.All, []);
        }

        if (body.Name != DavXml.Dav + "propfind")
        {
            return DavErrors.Malformed("Its XML must be a DAV:propfind.");
        }

        if (body.Element(DavXml.Dav + "propname") is not null)
        {
            return new Wish(Sort.Names, []);
        }

        var isAll = body.Element(DavXml.Dav + "allprop") is not null;
        var names = (body.Element(DavXml.Dav + (isAll ? "include" : "prop"))?.Elements() ?? []).Select(e => e.Name).Distinct().Take(MaxNames + 1).ToArray();
        return !isAll && body.Element(DavXml.Dav + "prop") is null ? DavErrors.Malformed("Its DAV:propfind must have allprop, propname or prop.")
            : names.Length > MaxNames ? DavErrors.Malformed($"It asks for more than {MaxNames} properties.")
            : new Wish(isAll ? Sort.All : Sort.Some, names);
    }

    private static ValueTask AddAsync(DavCall call, MultiStatus answer, Wish wish, DavItem item)
    {
        var dead = wish.WantsDead ? DeadProperties.Of(item.View) : null;
        List<XElement> found = [], missing = [];
        if (wish.Sort != Sort.Some)
        {
            found.AddRange(DavProperties.OfAll.Select(n => DavProperties.Of(item, n, call.Request)).OfType<XElement>());
            found.AddRange(dead!.Names.Where(n => !DavProperties.IsLive(n)).Select(n => dead.Find(n)!));
        }

        foreach (var name in wish.Names.Where(n => found.All(f => f.Name != n)))
        {
            if ((DavProperties.IsLive(name) ? DavProperties.Of(item, name, call.Request) : dead?.Find(name)) is { } property)
            {
                found.Add(property);
            }
            else
            {
                missing.Add(new(name));
            }
        }

        if (wish.Sort == Sort.Names)
        {
            found = [.. found.Select(f => new XElement(f.Name))];
        }

        var stats = new List<(int, IReadOnlyList<XElement>)>();
        if (found.Count > 0 || missing.Count == 0)
        {
            stats.Add((StatusCodes.Status200OK, found));
        }

        if (missing.Count > 0 && wish.Sort == Sort.Some)
        {
            stats.Add((StatusCodes.Status404NotFound, missing));
        }

        return answer.AddAsync(item.Path, item.IsFolder, stats, call.Cancelled);
    }
}
