namespace Operone.Web.Files.Dav;

/// <summary>A condition in a list: a state token or an entity tag, perhaps with <c>Not</c> in front.</summary>
/// <param name="IsNot">Whether it must not hold.</param>
/// <param name="Token">The state token; null for an entity tag.</param>
/// <param name="Tag">The entity tag without its quotes; null for a state token.</param>
internal sealed record IfCondition(bool IsNot, string? Token, string? Tag);

/// <summary>Conditions that must all hold.</summary>
/// <param name="Resource">The address that the list is about, as it was sent; null for the request's own.</param>
/// <param name="Conditions">At least one.</param>
internal sealed record IfList(string? Resource, IReadOnlyList<IfCondition> Conditions);

/// <summary>The header <c>If</c> (RFC 4918, section 10.4): lists of which one must hold.</summary>
/// <param name="Lists">At least one.</param>
internal sealed record IfHeader(IReadOnlyList<IfList> Lists)
{
    private const int MaxLength = 16 * 1024;

    /// <summary>All state tokens in it: those are submitted, wherever they stand.</summary>
    public IEnumerable<string> Tokens => Lists.SelectMany(l => l.Conditions).Select(c => c.Token).OfType<string>();

    /// <summary>Reads one; null where it is none.</summary>
    public static IfHeader? Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }

        var rest = text.AsSpan().Trim();
        var lists = new List<IfList>();
        string? resource = null;
        var isTagged = rest is ['<', ..];
        var isBare = false;
        while (!rest.IsEmpty)
        {
            if (rest[0] == '<')
            {
                // lists with and without a resource are not mixed, and a resource has a list
                if (!isTagged || isBare || Take(ref rest, '>') is not { } tagged)
                {
                    return null;
                }

                (resource, isBare) = (tagged, true);
                continue;
            }

            if (rest[0] != '(' || ParseList(ref rest) is not { } conditions)
            {
                return null;
            }

            lists.Add(new(resource, conditions));
            isBare = false;
        }

        return lists.Count == 0 || isBare ? null : new(lists);
    }

    private static List<IfCondition>? ParseList(ref ReadOnlySpan<char> rest)
    {
        rest = rest[1..].TrimStart();
        var conditions = new List<IfCondition>();
        while (!rest.IsEmpty && rest[0] != ')')
        {
            var isNot = rest.StartsWith("Not", StringComparison.OrdinalIgnoreCase);
            rest = isNot ? rest[3..].TrimStart() : rest;
            if (rest is ['<', ..] && Take(ref rest, '>') is { Length: > 0 } token)
            {
                conditions.Add(new(isNot, token, null));
            }
            else if (rest is ['[', ..] && Take(ref rest, ']') is { } tag)
            {
                conditions.Add(new(isNot, null, tag));
            }
            else
            {
                return null;
            }
        }

        if (rest.IsEmpty || conditions.Count == 0)
        {
            return null;
        }

        rest = rest[1..].TrimStart();
        return conditions;
    }

    /// <summary>What stands between a sign and the one that closes it.</summary>
    private static string? Take(ref ReadOnlySpan<char> rest, char close)
    {
        var end = rest.IndexOf(close);
        if (end < 0)
        {
            return null;
        }

        var taken = rest[1..end].ToString();
        rest = rest[(end + 1)..].TrimStart();
        return taken;
    }
}

/// <summary>What the <c>If</c> header is held against: a resource as it is now.</summary>
/// <param name="Tag">Its entity tag; null where it has none.</param>
/// <param name="Locks">The locks that it lies under.</param>
internal sealed record IfState(string? Tag, IReadOnlyList<DavLock> Locks)
{
    /// <summary>Whether a list holds.</summary>
    public bool Meets(IfList list) => list.Conditions.All(c => Holds(c) != c.IsNot);

    private bool Holds(IfCondition condition) => condition.Token is { } token
        ? Locks.Any(l => l.Token == token)
        : Tag is not null && condition.Tag == $"\"{Tag}\""; // a weak tag never is the same one
}
