using System.Text.Json.Serialization;

namespace Operone.Core.Access;

/// <summary>Whether a grant gives or takes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GrantEffect>))]
public enum GrantEffect
{
    /// <summary>It gives its role's permissions.</summary>
    [JsonStringEnumMemberName("allow")] Allow,
    /// <summary>It takes its role's permissions away, whoever gives them.</summary>
    [JsonStringEnumMemberName("deny")] Deny,
}

/// <summary>A grant as policy sees it: permissions on the devices that a selector matches, until a time.</summary>
/// <param name="Id">The grant's id.</param>
/// <param name="Effect">Whether it gives or takes.</param>
/// <param name="Permissions">The permissions of its role.</param>
/// <param name="Selector">On which devices; everything also stands for what is no device.</param>
/// <param name="Until">When it ends (UTC); null for never. At that very time it is over.</param>
public sealed record PolicyGrant(Guid Id, GrantEffect Effect, PermissionSet Permissions, Selector Selector, DateTimeOffset? Until = null);

/// <summary>Why a decision is as it is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DecisionReason>))]
public enum DecisionReason
{
    /// <summary>No grant gives it.</summary>
    [JsonStringEnumMemberName("no-grant")] NoGrant,
    /// <summary>A grant gives it and none takes it.</summary>
    [JsonStringEnumMemberName("granted")] Granted,
    /// <summary>A deny grant takes it.</summary>
    [JsonStringEnumMemberName("denied")] Denied,
}

/// <summary>What policy says.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Grant">The grant that gives or takes it, or null where none does.</param>
public readonly record struct Decision(DecisionReason Reason, Guid? Grant)
{
    /// <summary>Whether it is allowed.</summary>
    public bool Allowed => Reason == DecisionReason.Granted;
}

/// <summary>
/// Who may do what to which device, as pure functions. A person is allowed what some grant in force gives and no deny grant
/// in force takes. A token is allowed what its own grants allow and its maker is allowed as well.
/// </summary>
public static class Policy
{
    /// <summary>Decides. On the way to yes it allocates nothing.</summary>
    /// <param name="subject">Who.</param>
    /// <param name="permission">One of <see cref="Permissions.All"/>.</param>
    /// <param name="labels">The device's labels; null for what is no device, on which only grants on all devices count.</param>
    /// <param name="at">When.</param>
    public static Decision Decide(Subject subject, string permission, IReadOnlyDictionary<string, string>? labels, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var index = Permissions.IndexOf(permission);
        var decision = subject.Find(index, labels, at);
        for (var within = subject.Within; decision.Allowed && within is not null; within = within.Within)
        {
            // What the token's own grant allows is named where its maker is allowed it too.
            var bound = within.Find(index, labels, at);
            decision = bound.Allowed ? decision : bound;
        }

        return decision;
    }

    /// <summary>
    /// Whether the permission may be held on anything at all: what a list is opened by, and a page shown by. What is in it is
    /// then decided one by one.
    /// </summary>
    public static bool IsHeldAnywhere(Subject subject, string permission, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var index = Permissions.IndexOf(permission);
        for (var some = subject; some is not null; some = some.Within)
        {
            if (!some.HasAny(index, at))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the permission is held on every device there is or will be, with no exception: nothing need be decided one by one.</summary>
    public static bool IsHeldEverywhere(Subject subject, string permission, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var index = Permissions.IndexOf(permission);
        for (var some = subject; some is not null; some = some.Within)
        {
            if (!some.HasAll(index, at))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Whether somebody may give others these permissions on these devices until that time: nobody can give what they lack,
    /// on more devices than they have it on, or for longer. It says no where it cannot be sure.
    /// </summary>
    public static bool Covers(Subject subject, PermissionSet permissions, Selector selector, DateTimeOffset? until, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(selector);
        for (var some = subject; some is not null; some = some.Within)
        {
            if (!some.Covers(permissions, selector, until, at))
            {
                return false;
            }
        }

        return true;
    }
}
