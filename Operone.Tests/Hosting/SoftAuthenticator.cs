using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Operone.Tests.Hosting;

/// <summary>
/// An authenticator in software, with the part that a browser plays: it makes discoverable ES256 credentials with attestation
/// "none", and signs what it is asked to (WebAuthn level 3, sections 6.1, 6.5 and 5.8.1). What it says can be bent, as an attacker would.
/// </summary>
internal sealed class SoftAuthenticator : IDisposable
{
    private const byte UserPresent = 0x01, UserVerified = 0x04, BackupEligible = 0x08, BackedUp = 0x10, HasCredential = 0x40;

    private ECDsa? _key;

    /// <summary>The page's origin, as it is signed.</summary>
    public string Origin { get; set; } = "";

    /// <summary>What it says its domain is; null for the one it was asked for.</summary>
    public string? RpId { get; set; }

    /// <summary>Whether it has checked a PIN or a finger.</summary>
    public bool VerifiesUser { get; set; } = true;

    /// <summary>Whether the page was in a frame of another site.</summary>
    public bool IsInForeignFrame { get; set; }

    /// <summary>How often it has signed; zero for one that does not count, as those that are synced.</summary>
    public uint Counter { get; set; } = 1;

    /// <summary>Whether its maker keeps a copy.</summary>
    public bool IsSynced { get; set; }

    /// <summary>What made it.</summary>
    public Guid Aaguid { get; set; }

    /// <summary>The id of its credential.</summary>
    public byte[] CredentialId { get; private set; } = [];

    /// <summary>Whose credential it is.</summary>
    public string UserHandle { get; set; } = "";

    /// <summary>The credential's id, as text.</summary>
    public string Id => Base64Url.EncodeToString(CredentialId);

    /// <summary>Another with the same credential: a clone, with a counter of its own.</summary>
    public SoftAuthenticator Clone()
    {
        var key = ECDsa.Create();
        key.ImportParameters(_key!.ExportParameters(true));
        return new() { _key = key, Origin = Origin, Counter = Counter, CredentialId = CredentialId, UserHandle = UserHandle, IsSynced = IsSynced };
    }

    /// <summary>What <c>navigator.credentials.create</c> gives for these options.</summary>
    public JsonObject Create(JsonElement options)
    {
        _key?.Dispose();
        _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CredentialId = RandomNumberGenerator.GetBytes(32);
        UserHandle = options.GetProperty("user").GetProperty("id").GetString()!;
        var clientData = ClientData("webauthn.create", options);
        var credential = new List<byte>(Aaguid.ToByteArray(bigEndian: true)) { 0, (byte)CredentialId.Length };
        credential.AddRange(CredentialId);
        credential.AddRange(CoseKey());
        var authenticatorData = AuthenticatorData(options.GetProperty("rp").GetProperty("id").GetString()!, HasCredential, [.. credential]);
        var writer = new CborWriter();
        writer.WriteStartMap(3);
        writer.WriteTextString("fmt");
        writer.WriteTextString("none");
        writer.WriteTextString("attStmt");
        writer.WriteStartMap(0);
        writer.WriteEndMap();
        writer.WriteTextString("authData");
        writer.WriteByteString(authenticatorData);
        writer.WriteEndMap();
        return Credential(new()
        {
            ["clientDataJSON"] = Base64Url.EncodeToString(clientData),
            ["attestationObject"] = Base64Url.EncodeToString(writer.Encode()),
            ["transports"] = new JsonArray("internal"),
        });
    }

    /// <summary>What <c>navigator.credentials.get</c> gives for these options.</summary>
    public JsonObject Get(JsonElement options)
    {
        if (Counter > 0)
        {
            Counter++;
        }

        var clientData = ClientData("webauthn.get", options);
        var authenticatorData = AuthenticatorData(options.GetProperty("rpId").GetString()!, 0, []);
        byte[] toSign = [.. authenticatorData, .. SHA256.HashData(clientData)];
        return Credential(new()
        {
            ["clientDataJSON"] = Base64Url.EncodeToString(clientData),
            ["authenticatorData"] = Base64Url.EncodeToString(authenticatorData),
            ["signature"] = Base64Url.EncodeToString(_key!.SignData(toSign, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
            ["userHandle"] = UserHandle,
        });
    }

    public void Dispose() => _key?.Dispose();

    private JsonObject Credential(JsonObject response) => new()
    {
        ["id"] = Id,
        ["rawId"] = Id,
        ["type"] = "public-key",
        ["authenticatorAttachment"] = "platform",
        ["clientExtensionResults"] = new JsonObject(),
        ["response"] = response,
    };

    private byte[] ClientData(string type, JsonElement options) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["type"] = type,
        ["challenge"] = options.GetProperty("challenge").GetString(),
        ["origin"] = Origin,
        ["crossOrigin"] = IsInForeignFrame,
    }.ToJsonString());

    private byte[] AuthenticatorData(string rpId, byte flags, byte[] credential)
    {
        flags |= (byte)(UserPresent | (VerifiesUser ? UserVerified : 0) | (IsSynced ? BackupEligible | BackedUp : 0));
        var counter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(counter, Counter);
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(RpId ?? rpId)), flags, .. counter, .. credential];
    }

    // RFC 9053, section 7.1.1: an elliptic curve key for ES256 on P-256.
    private byte[] CoseKey()
    {
        var point = _key!.ExportParameters(false).Q;
        var writer = new CborWriter(CborConformanceMode.Ctap2Canonical);
        writer.WriteStartMap(5);
        writer.WriteInt32(1);
        writer.WriteInt32(2);
        writer.WriteInt32(3);
        writer.WriteInt32(-7);
        writer.WriteInt32(-1);
        writer.WriteInt32(1);
        writer.WriteInt32(-2);
        writer.WriteByteString(point.X!);
        writer.WriteInt32(-3);
        writer.WriteByteString(point.Y!);
        writer.WriteEndMap();
        return writer.Encode();
    }
}
