using System.Security.Claims;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>
/// What somebody may, as of now and not as of when they signed in: a grant that is taken away, a session that is ended or a
/// token that is revoked counts from the next decision on, also for a page that has been open for hours.
/// </summary>
internal abstract class Standing(TimeProvider time)
{
    /// <summary>May nothing.</summary>
    public static Standing None { get; } = new Fixed(Subject.Nobody);

    /// <summary>May everything: Operone itself.</summary>
    public static Standing Everything { get; } = new Fixed(Subject.Everything);

    /// <summary>Their grants now.</summary>
    public abstract Subject Subject { get; }

    /// <summary>What they came with, or null.</summary>
    public virtual LiveCredential? Credential => null;

    /// <summary>The clock that decisions are made by.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    private sealed class Fixed(Subject subject) : Standing(TimeProvider.System)
    {
        public override Subject Subject => subject;
    }
}

/// <summary>The standing of whoever came with a session or a token.</summary>
internal sealed class CredentialStanding(LiveCredential credential, Func<AccessSnapshot, Subject> subject, AccessDirectory directory, TimeProvider time)
    : Standing(time)
{
    public override Subject Subject => credential.IsEnded ? Subject.Nobody : subject(directory.Current);

    public override LiveCredential Credential => credential;
}

/// <summary>An identity that carries its <see cref="Standing"/> along, wherever the principal goes.</summary>
internal sealed class AccessIdentity : ClaimsIdentity
{
    public AccessIdentity(Standing standing, Guid id, string name, string scheme)
        : base(
            [new(ClaimTypes.NameIdentifier, id.ToString()), new(ClaimTypes.Name, name)], scheme, ClaimTypes.Name, ClaimTypes.Role) => Standing = standing;

    private AccessIdentity(AccessIdentity other)
        : base(other) => Standing = other.Standing;

    /// <summary>What they may now.</summary>
    public Standing Standing { get; }

    /// <summary>The standing behind a principal; none where it has none.</summary>
    public static Standing Of(ClaimsPrincipal principal) => (principal.Identity as AccessIdentity)?.Standing ?? Standing.None;

    public override ClaimsIdentity Clone() => new AccessIdentity(this);
}
