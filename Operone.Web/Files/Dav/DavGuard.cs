using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Dav;

/// <summary>What is about to change.</summary>
/// <param name="Path">Where.</param>
/// <param name="IsMember">Whether it comes to be, or goes: that changes the folder that it is in.</param>
/// <param name="IsDeep">Whether all that is in it goes, too.</param>
internal readonly record struct DavChange(TreePath Path, bool IsMember, bool IsDeep);

/// <summary>What must hold before something changes: permission, the conditions that the request states, and locks.</summary>
internal sealed class DavGuard(FileTree tree, DavNodes nodes, DavLocks locks, IOptions<OperoneOptions> options)
{
    /// <summary>Where the request's <c>Destination</c> is.</summary>
    public Result<TreePath> Destination(DavCall call) => call.Request.Headers["Destination"].ToString() is { Length: > 0 } destination
        ? call.Place(destination, options.Value.PublicUrl)
        : DavErrors.Malformed("It has no Destination.");

    /// <summary>Null where the changes may be made.</summary>
    public async Task<DavRefusal?> CheckAsync(DavCall call, params DavChange[] changes)
    {
        foreach (var change in changes)
        {
            var place = await tree.FindAsync(call.Actor, change.Path, Permissions.FilesWrite, "file.write", call.Cancelled);
            if (place.IsError)
            {
                // the tree's own folders are there, and nobody changes them
                return place.Error!.Kind == ErrorKind.Conflict ? place.Error!.Refuse(StatusCodes.Status403Forbidden) : place.Error!.Refuse();
            }
        }

        var header = call.If();
        if (header.IsError)
        {
            return header.Error!.Refuse();
        }

        return await ConditionsAsync(call, header.Value) ?? await LocksAsync(call, header.Value, changes);
    }

    /// <summary>Null where what the request's headers demand of it holds.</summary>
    public async Task<DavRefusal?> ConditionsAsync(DavCall call, IfHeader? header)
    {
        var headers = call.Request.GetTypedHeaders();
        if (headers.IfMatch.Count > 0 || headers.IfNoneMatch.Count > 0)
        {
            var state = await nodes.FindAsync(call.Actor, call.Path, call.Cancelled);
            if (state.IsError)
            {
                return state.Error!.Refuse();
            }

            if ((headers.IfMatch.Count > 0 && !headers.IfMatch.Any(t => Is(t, state.Value) && !t.IsWeak)) || headers.IfNoneMatch.Any(t => Is(t, state.Value)))
            {
                return DavErrors.NotMet(call.Path.ToString()).Refuse();
            }
        }

        return header is null || await MeetsAsync(call, header) ? null : DavErrors.NotMet(call.Path.ToString()).Refuse();
    }

    private static bool Is(EntityTagHeaderValue tag, FileView? view) => view is not null && (tag.Tag == "*" || (view.Tag is not null && tag.Tag == $"\"{view.Tag}\""));

    private async Task<bool> MeetsAsync(DavCall call, IfHeader header)
    {
        var states = new Dictionary<string, IfState?>(StringComparer.Ordinal);
        foreach (var list in header.Lists)
        {
            var key = list.Resource ?? "";
            if (!states.TryGetValue(key, out var state))
            {
                states[key] = state = await StateAsync(call, list);
            }

            if (state?.Meets(list) == true)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<IfState?> StateAsync(DavCall call, IfList list)
    {
        var path = list.Resource is null ? call.Path : call.Place(list.Resource, options.Value.PublicUrl);
        if (path.IsError)
        {
            return null;
        }

        var view = list.Conditions.Any(c => c.Tag is not null) ? await nodes.StatAsync(call.Actor, path.Value, call.Cancelled) : null as Result<FileView>?;
        return new(
            view is { IsError: false } seen ? seen.Value.Tag : null, await locks.CoveringAsync(path.Value, call.Cancelled));
    }

    private async Task<DavRefusal?> LocksAsync(DavCall call, IfHeader? header, DavChange[] changes)
    {
        var tokens = header?.Tokens.ToHashSet(StringComparer.Ordinal) ?? [];
        var holder = call.Actor.OwnerId;
        foreach (var change in changes)
        {
            var above = await locks.AboveAsync(change.Path, call.Cancelled);
            var sets = new List<DavLock[]> { above.Where(l => l.Covers(change.Path)).ToArray() };
            if (change.IsMember && !change.Path.IsTop)
            {
                sets.Add([.. above.Where(l => l.Covers(change.Path.Parent))]);
            }

            if (change.IsDeep)
            {
                sets.AddRange((await locks.BelowAsync(change.Path, call.Cancelled)).GroupBy(l => l.Address).Select(g => g.ToArray()));
            }

            // of several shared ones any will do
            if (sets.FirstOrDefault(s => s.Length > 0 && !s.Any(l => l.HolderId == holder && tokens.Contains(l.Token))) is { } missing)
            {
                return new(StatusCodes.Status423Locked, DavErrors.Locked(change.Path.ToString(), missing[0]), "lock-token-submitted", [missing[0].Path]);
            }
        }

        return null;
    }
}
