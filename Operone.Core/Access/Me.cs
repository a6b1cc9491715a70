namespace Operone.Core.Access;

/// <summary>Who asks, and what they may: what <c>GET /api/v1/me</c> answers.</summary>
/// <param name="Kind"><c>person</c> or <c>token</c>.</param>
/// <param name="Id">The person's or token's id.</param>
/// <param name="Name">As in the audit trail: an e-mail, or <c>token:NAME</c>.</param>
/// <param name="PersonId">The person; of a token, whose it is.</param>
/// <param name="Email">Their e-mail.</param>
/// <param name="DisplayName">What others call them, or empty.</param>
/// <param name="Session">The session, where there is one: a browser's, or a command line's.</param>
/// <param name="Token">The token, where it is one.</param>
/// <param name="Roles">The roles that the person has now.</param>
/// <param name="Teams">The teams that they are in.</param>
/// <param name="Permissions">What may be done with this credential now, in the order of <see cref="Access.Permissions.All"/>.</param>
public sealed record MeView(
    string Kind, Guid Id, string Name, Guid PersonId, string Email, string DisplayName, MeSession? Session, MeToken? Token,
    IReadOnlyList<string> Roles, IReadOnlyList<string> Teams, IReadOnlyList<HeldPermission> Permissions);

/// <summary>The session that somebody comes with.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Method">How it was signed in: see <see cref="SignInMethods"/>.</param>
/// <param name="Device">The browser or command line.</param>
/// <param name="ExpiresAt">When it ends by itself (UTC).</param>
public sealed record MeSession(Guid Id, string Method, string Device, DateTimeOffset ExpiresAt);

/// <summary>The token that a program comes with.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">A personal or a service token.</param>
/// <param name="ExpiresAt">When it ends (UTC), or null.</param>
public sealed record MeToken(Guid Id, string Name, TokenKind Kind, DateTimeOffset? ExpiresAt);

/// <summary>What <c>PATCH /api/v1/me</c> takes.</summary>
/// <param name="DisplayName">What others are to call one; up to 100 characters, empty for the e-mail.</param>
public sealed record UpdateMe(string? DisplayName);

/// <summary>Some devices, for some time.</summary>
/// <param name="Selector">Which devices; empty for all, and for what is no device.</param>
/// <param name="Until">Until when (UTC); null for good.</param>
public sealed record HeldOn(string Selector, DateTimeOffset? Until);

/// <summary>A permission that is held on something.</summary>
/// <param name="Permission">One of <see cref="Access.Permissions.All"/>.</param>
/// <param name="Everywhere">Whether it is held on every device there is or will be, with no exception.</param>
/// <param name="On">On which devices.</param>
/// <param name="Except">But not on these.</param>
public sealed record HeldPermission(string Permission, bool Everywhere, IReadOnlyList<HeldOn> On, IReadOnlyList<HeldOn> Except)
{
    /// <summary>What somebody may now. A device is allowed where it is in one of <see cref="On"/> and in none of <see cref="Except"/>.</summary>
    public static IReadOnlyList<HeldPermission> Of(Subject subject, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var held = new List<HeldPermission>();
        foreach (var permission in Access.Permissions.All)
        {
            if (Of(subject, permission, at) is { } one)
            {
                held.Add(one);
            }
        }

        return held;
    }

    private static HeldPermission? Of(Subject subject, string permission, DateTimeOffset at)
    {
        IReadOnlyList<HeldOn>? on = null;
        var except = new List<HeldOn>();
        for (var some = subject; some is not null; some = some.Within)
        {
            var mine = some.Grants.Where(g => g.Permissions.Has(permission) && !(g.Until <= at)).ToArray();
            var allowed = Reduce(mine.Where(g => g.Effect == GrantEffect.Allow).Select(g => new HeldOn(g.Selector.ToString(), g.Until)));
            except.AddRange(mine.Where(g => g.Effect == GrantEffect.Deny).Select(g => new HeldOn(g.Selector.ToString(), g.Until)));
            // What both allow is on both selectors, which is what a comma says; until the first of the two ends.
            on = on is null ? allowed : Reduce(on.SelectMany(a => allowed.Select(b => new HeldOn(Join(a.Selector, b.Selector), Earlier(a.Until, b.Until)))));
        }

        if (on is not { Count: > 0 } || except.Exists(e => e.Selector.Length == 0)
            || (Access.Permissions.ScopeOf(permission) == PermissionScope.Installation && !on.Any(o => o.Selector.Length == 0)))
        {
            return null;
        }

        return new(permission, Policy.IsHeldEverywhere(subject, permission, at), on, Reduce(except));
    }

    // Each selector once, for as long as the longest lasts.
    private static HeldOn[] Reduce(IEnumerable<HeldOn> all) =>
        [.. all.GroupBy(h => h.Selector, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new HeldOn(g.Key, g.Any(h => h.Until is null) ? null : g.Max(h => h.Until)))];

    private static string Join(string a, string b) => a == b || b.Length == 0 ? a : a.Length == 0 ? b : $"{a},{b}";

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b : a;
}
