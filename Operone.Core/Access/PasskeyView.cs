namespace Operone.Core.Access;

/// <summary>A passkey of the person who asks.</summary>
/// <param name="Id">Its credential id (WebAuthn), in base64url.</param>
/// <param name="Name">What the person calls it.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="LastUsedAt">When it last signed in or confirmed an act; null for never.</param>
/// <param name="IsSynced">Whether its maker keeps a copy, so that it is there on other devices too.</param>
public sealed record PasskeyView(string Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, bool IsSynced);

/// <summary>Renames a passkey.</summary>
/// <param name="Name">1 to 100 characters.</param>
public sealed record RenamePasskey(string? Name);
