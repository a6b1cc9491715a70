using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>A provider of accounts elsewhere.</summary>
/// <param name="Name">Its name in addresses, in <c>person_logins</c> and in the audit trail.</param>
/// <param name="Title">Its name on buttons.</param>
internal sealed record ExternalProvider(string Name, string Title)
{
    /// <summary>Its authentication scheme, and how a session that it began says so.</summary>
    public string Scheme => SignInMethods.ExternalPrefix + Name;
}

/// <summary>The providers that are set up.</summary>
internal sealed class ExternalProviders(IReadOnlyList<ExternalProvider> all)
{
    public const string Google = "google";
    public const string GitHub = "github";

    /// <summary>All of them, in the order of their buttons.</summary>
    public IReadOnlyList<ExternalProvider> All { get; } = all;

    /// <summary>The one with a name, or null.</summary>
    public ExternalProvider? Find(string? name) => All.FirstOrDefault(p => p.Name == name);
}

/// <summary>An account elsewhere, as its provider vouches for it.</summary>
/// <param name="Provider">Who vouches.</param>
/// <param name="Key">The account's id there, which never changes.</param>
/// <param name="Email">Its e-mail, or null.</param>
/// <param name="IsVerified">Whether the provider says that the e-mail is theirs.</param>
/// <param name="Name">What they are called there, or null.</param>
internal sealed record ExternalIdentity(ExternalProvider Provider, string Key, string? Email, bool IsVerified, string? Name)
{
    /// <summary>The e-mail where it is verified, else null.</summary>
    public string? VerifiedEmail => IsVerified ? Email : null;

    /// <summary>As the audit trail names it.</summary>
    public override string ToString() => $"{Provider.Name}:{Email ?? Key}";
}
