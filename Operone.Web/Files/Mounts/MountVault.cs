using Microsoft.AspNetCore.DataProtection;
using Operone.Core.Files;
using Operone.Web.Data;

namespace Operone.Web.Files.Mounts;

/// <summary>By what a mount signs in. It has no text of its own: nothing that prints it says what is in it.</summary>
internal sealed class MountSecrets
{
    public string? Password { get; init; }
    public string? PrivateKey { get; init; }
    public string? Passphrase { get; init; }
    public string? Token { get; init; }

    /// <summary>What a request gives; null where it gives none.</summary>
    public static MountSecrets? Of(WriteMount request) => request is { Password: null, PrivateKey: null, Token: null } ? null
        : new() { Password = request.Password, PrivateKey = request.PrivateKey, Passphrase = request.Passphrase, Token = request.Token };

    /// <summary>How it signs in.</summary>
    public MountSignIn SignIn => PrivateKey is not null ? MountSignIn.Key : Token is not null ? MountSignIn.Token : MountSignIn.Password;
}

/// <summary>
/// Seals what mounts sign in with by Data Protection, and opens it. Each is sealed for its own row: what is copied into another one in the
/// database does not open there.
/// </summary>
internal sealed class MountVault(IDataProtectionProvider protection)
{
    private readonly IDataProtector _protector = protection.CreateProtector("Operone.Mount");

    /// <summary>As it is stored.</summary>
    public byte[]? Seal(Guid id, MountSecrets? secrets) => secrets is null ? null : _protector.Seal(id, secrets);

    /// <summary>A mount's secrets, empty ones where it has none; null where the key that sealed them is gone.</summary>
    public MountSecrets? Open(Mount mount) => mount.Secrets is null ? new MountSecrets() : _protector.Open<MountSecrets>(mount.Id, mount.Secrets);
}
