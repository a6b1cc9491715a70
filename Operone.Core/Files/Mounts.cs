using System.Text.Json.Serialization;
using Operone.Core.Errors;

namespace Operone.Core.Files;

/// <summary>What a mount shows.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MountKind>))]
public enum MountKind
{
    /// <summary>A folder of the node: <c>/server/NAME</c> in the tree.</summary>
    [JsonStringEnumMemberName("folder")]
    Folder,

    /// <summary>A folder of another server, by SFTP: <c>/mounts/NAME</c>.</summary>
    [JsonStringEnumMemberName("sftp")]
    Sftp,

    /// <summary>A folder of another server, by WebDAV (RFC 4918): <c>/mounts/NAME</c>.</summary>
    [JsonStringEnumMemberName("webdav")]
    WebDav,
}

/// <summary>By what a mount signs in. What it is itself is never given back.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MountSignIn>))]
public enum MountSignIn
{
    /// <summary>Nothing.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>A password.</summary>
    [JsonStringEnumMemberName("password")]
    Password,

    /// <summary>A private key (SFTP).</summary>
    [JsonStringEnumMemberName("key")]
    Key,

    /// <summary>A bearer token (WebDAV).</summary>
    [JsonStringEnumMemberName("token")]
    Token,
}

/// <summary>A place in the tree that an administrator made, as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name in the tree, unique.</param>
/// <param name="Path">Where it is in the tree.</param>
/// <param name="Kind">What it shows.</param>
/// <param name="Address">What it shows: <c>/srv/data</c> on the node, <c>sftp://host:22/srv</c>, <c>https://host/dav</c>.</param>
/// <param name="User">As whom it signs in.</param>
/// <param name="SignIn">By what it signs in.</param>
/// <param name="HostKey">Of SFTP: the fingerprint that the server's key must have, <c>SHA256:...</c>.</param>
/// <param name="Labels">Its labels: grants select mounts by them as they do devices.</param>
/// <param name="IsWritable">Whether anything in it may be changed.</param>
/// <param name="Hidden">Patterns of what in it is neither listed nor opened; one with a slash goes from its top.</param>
/// <param name="UpdatedAt">When it was made or changed last (UTC).</param>
/// <param name="UpdatedBy">By whom.</param>
public sealed record MountView(
    Guid Id, string Name, string Path, MountKind Kind, string Address, string? User, MountSignIn SignIn, string? HostKey, IReadOnlyDictionary<string, string> Labels,
    bool IsWritable, IReadOnlyList<string> Hidden, DateTimeOffset UpdatedAt, string UpdatedBy);

/// <summary>
/// What <c>POST /api/v1/mounts</c> and <c>PUT /api/v1/mounts/{idOrName}</c> take. See <see cref="MountView"/>. On PUT a secret that is not given
/// stays, where the mount still goes to the same server as the same user.
/// </summary>
/// <param name="Password">The password of the user.</param>
/// <param name="PrivateKey">Of SFTP: the user's private key, in OpenSSH's or PEM format.</param>
/// <param name="Passphrase">What opens the private key.</param>
/// <param name="Token">Of WebDAV: a bearer token.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it shows.</param>
/// <param name="Address">What it shows.</param>
/// <param name="User">As whom.</param>
/// <param name="HostKey">The fingerprint of an SFTP server's key.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="IsWritable">Whether anything in it may be changed.</param>
/// <param name="Hidden">Patterns of what is hidden.</param>
public sealed record WriteMount(
    string? Name, MountKind Kind, string? Address, string? User = null, string? HostKey = null, IReadOnlyDictionary<string, string>? Labels = null,
    bool IsWritable = false, IReadOnlyList<string>? Hidden = null, string? Password = null, string? PrivateKey = null, string? Passphrase = null, string? Token = null)
{
    /// <summary>Without secrets: whoever prints it prints none.</summary>
    public override string ToString() => $"{nameof(WriteMount)} {Name} {Kind} {Address}";
}

/// <summary>What came of trying a mount's connection.</summary>
/// <param name="Works">Whether its folder could be listed.</param>
/// <param name="Detail">What happened, in words.</param>
/// <param name="HostKey">Of SFTP: the fingerprint of the key that the server showed, be it the right one or not.</param>
public sealed record MountTest(bool Works, string Detail, string? HostKey);

/// <summary>What holds for mounts.</summary>
public static class MountLimits
{
    /// <summary>The longest address, in characters.</summary>
    public const int MaxAddress = 2048;

    /// <summary>The longest private key, in characters.</summary>
    public const int MaxSecret = 64 * 1024;

    /// <summary>Says what is wrong with one, field by field.</summary>
    public static void Check(WriteMount request, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(errors);
        if (Operone.Core.Labels.CheckDeviceName(request.Name?.Trim() ?? "") is { } wrongName)
        {
            errors.Add("name", wrongName);
        }

        Operone.Core.Labels.Check(request.Labels, "labels", errors);
        errors.AddIf(request.Hidden?.Count > FilePolicyLimits.MaxParts, "hidden", $"are more than {FilePolicyLimits.MaxParts}");
        foreach (var pattern in request.Hidden ?? [])
        {
            if (FilePattern.Check(pattern ?? "") is { } problem)
            {
                errors.Add("hidden", $"'{pattern}' {problem}");
            }
        }

        errors.AddIf(!Enum.IsDefined(request.Kind), "kind", "must be folder, sftp or webdav");
        CheckSignIn(request, errors);
        if (request.Kind == MountKind.Folder)
        {
            var path = TreePath.Parse(request.Address ?? "");
            errors.AddIf(request.Address?.StartsWith('/') != true || path.IsError, "address", $"'{request.Address}' is no absolute path on the node, as /srv/data");
        }
        else if (ReadAddress(request.Kind, request.Address) is { IsError: true, Error: { } error })
        {
            errors.Add("address", error.Detail);
        }
    }

    /// <summary>Another server's address and the folder there.</summary>
    public static Result<(Uri Server, TreePath Folder)> ReadAddress(MountKind kind, string? address)
    {
        string[] schemes = kind == MountKind.Sftp ? ["sftp"] : ["https", "http"];
        if (address is not { Length: > 0 and <= MaxAddress } || !Uri.TryCreate(address, UriKind.Absolute, out var uri) || !schemes.Contains(uri.Scheme) || uri.Host.Length == 0)
        {
            return Error.InvalidField("address", $"'{address}' is no address as {(kind == MountKind.Sftp ? "sftp://host/srv/data" : "https://host/dav")}");
        }

        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            return Error.InvalidField("address", "has a user, a password, a query or a fragment in it: the user is a field of its own, and a secret is never part of an address");
        }

        // the path as it was written: a Uri would take some names for others
        var path = address.AsSpan(uri.Scheme.Length + 3);
        path = path.IndexOf('/') is var slash and >= 0 ? path[slash..] : "/";
        var folder = TreePath.Parse(path.ToString());
        return folder.IsError ? Error.InvalidField("address", folder.Error!.Detail)
            : (new UriBuilder(uri.Scheme, uri.Host, uri.IsDefaultPort || uri.Port < 0 ? (kind == MountKind.Sftp ? 22 : uri.Port) : uri.Port).Uri, folder.Value);
    }

    private static void CheckSignIn(WriteMount request, FieldErrors errors)
    {
        var (hasUser, kind) = (!string.IsNullOrWhiteSpace(request.User), request.Kind);
        errors.AddIf(request.User?.Length > 255 || request.User?.Any(char.IsControl) == true, "user", "has control characters, or is longer than 255 characters");
        errors.AddIf(kind == MountKind.Sftp && !hasUser, "user", "is missing: SFTP signs in as somebody");
        errors.AddIf(kind == MountKind.Folder && hasUser, "user", "is not for folders of the node");
        errors.AddIf(kind == MountKind.WebDav && request.User?.Contains(':', StringComparison.Ordinal) == true, "user", "has a colon, which HTTP's Basic cannot carry");
        errors.AddIf(request.Password is not null && !hasUser, "password", "needs a user");
        errors.AddIf(request.PrivateKey is not null && kind != MountKind.Sftp, "privateKey", "is for SFTP alone");
        errors.AddIf(request.Passphrase is not null && request.PrivateKey is null, "passphrase", "is for a private key that is given with it");
        errors.AddIf(request.Token is not null && kind != MountKind.WebDav, "token", "is for WebDAV alone");
        errors.AddIf(request.Token is not null && hasUser, "token", "stands for a user: leave the user out");
        errors.AddIf(request.Token?.Any(c => c is <= ' ' or > '~') == true, "token", "has characters that a token has not (RFC 6750)");
        errors.AddIf(
            new[] { request.Password, request.PrivateKey, request.Passphrase, request.Token }.Any(s => s is "" || s?.Length > MaxSecret), "password", $"or another secret is empty, or longer than {MaxSecret} characters");
        errors.AddIf(
            kind == MountKind.Sftp && request.HostKey is { } key && !(key.StartsWith("SHA256:", StringComparison.Ordinal) && key.Length == 50), "hostKey",
            "must be a fingerprint as ssh-keygen -l prints it: SHA256: and 43 characters");
        errors.AddIf(kind != MountKind.Sftp && request.HostKey is not null, "hostKey", "is for SFTP alone");
        errors.AddIf(
            kind == MountKind.WebDav && request.Address?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) == true && (hasUser || request.Token is not null)
                && !(Uri.TryCreate(request.Address, UriKind.Absolute, out var uri) && uri.IsLoopback),
            "address", "is without TLS: a password or a token is sent over https alone, or to this machine itself");
    }
}
