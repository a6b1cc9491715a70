using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>
/// Renews a session's cookie against a signature over a fresh nonce, made with the key that the session is bound to. Who has
/// the cookie and not the key has a copy: the session ends.
/// </summary>
internal sealed class SessionRenewal(
    IDbContextFactory<OperoneDb> databases, SessionDirectory directory, SessionService sessions, IDataProtectionProvider protection,
    IAuditTrail audit, TimeProvider time)
{
    /// <summary>For how long a nonce is good.</summary>
    public static readonly TimeSpan NonceLifetime = TimeSpan.FromMinutes(1);

    /// <summary>What a nonce is for: renewing a cookie.</summary>
    public const byte ForRenewal = 1;

    /// <summary>What a nonce is for: binding a session to a browser's own key, right after the sign-in.</summary>
    public const byte ForBinding = 2;

    private readonly IDataProtector _protector = protection.CreateProtector("Operone.SessionNonce");

    /// <summary>A nonce for one session and one use. Nothing is stored: it is sealed, and says when it was made.</summary>
    public string Nonce(Guid sessionId, byte use)
    {
        Span<byte> bytes = stackalloc byte[33];
        sessionId.TryWriteBytes(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[16..], time.GetUtcNow().UtcTicks);
        bytes[24] = use;
        RandomNumberGenerator.Fill(bytes[25..]);
        return Base64Url.EncodeToString(_protector.Protect(bytes.ToArray()));
    }

    /// <summary>What is to be signed of a nonce, in UTF-8: so that no signature made for something else can be used.</summary>
    public static byte[] ToSign(string nonce) => Encoding.UTF8.GetBytes($"operone session {nonce}");

    /// <summary>A session that goes on, whether its cookie is stale or not; null where it has ended.</summary>
    public async Task<Session?> FindAsync(HttpContext context, CancellationToken cancellationToken) =>
        SessionCookie.NamedBy(context) is { } id ? (await directory.FindAsync(id, cancellationToken))?.Session : null;

    /// <summary>Renews the cookie of a session that is bound to a key of WebCrypto's.</summary>
    /// <param name="context">The request, with the cookie; its answer has the new one.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="signature">The signature, r and s, in base64.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public async Task<Result<Unit>> RenewAsync(HttpContext context, string? nonce, string? signature, CancellationToken cancellationToken)
    {
        if (await FindAsync(context, cancellationToken) is not { } session)
        {
            return AccessErrors.SessionEnded;
        }

        var bytes = new byte[128];
        var signed = nonce is { Length: > 0 and <= 1000 } && signature is { Length: > 0 and <= 160 }
            && Convert.TryFromBase64String(signature, bytes, out var length)
            && session is { Binding: SessionBinding.WebCrypto, PublicKey: { } key }
            && DeviceKey.Verify(key, ToSign(nonce), bytes.AsSpan(0, length));
        if (!signed)
        {
            return await CopiedAsync(context, session, cancellationToken);
        }

        if (Read(session.Id, nonce!, ForRenewal) is not { } made || !await TakeAsync(session.Id, made, cancellationToken))
        {
            return AccessErrors.NonceStale;
        }

        await SessionCookie.GiveAsync(context, session, time.GetUtcNow());
        return Unit.Value;
    }

    /// <summary>When a session's nonce was made; null where it is not one of this session and for this use, or is too old.</summary>
    public DateTimeOffset? Read(Guid sessionId, string nonce, byte use)
    {
        try
        {
            var bytes = _protector.Unprotect(Base64Url.DecodeFromChars(nonce));
            var made = new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(16)), TimeSpan.Zero);
            var age = time.GetUtcNow() - made;
            return bytes.Length == 33 && bytes[24] == use && new Guid(bytes.AsSpan(0, 16)) == sessionId && age < NonceLifetime && age > -NonceLifetime ? made : null;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Takes a nonce: one that is not younger than the last one that was taken is not good any more.</summary>
    public async Task<bool> TakeAsync(Guid sessionId, DateTimeOffset made, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Session>().Where(s => s.Id == sessionId && s.EndedAt == null && (s.RenewedAt == null || s.RenewedAt < made))
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.RenewedAt, made), cancellationToken) == 1;
    }

    /// <summary>Somebody has the session's cookie and not its key: ends the session, and says so.</summary>
    public async Task<Error> CopiedAsync(HttpContext context, Session session, CancellationToken cancellationToken)
    {
        const string reason = "its cookie was presented without the key of its device: the cookie was copied, or the browser lost its key";
        var actor = Actor.Anonymous(context);
        await audit.NoteAsync(actor, "session.renew", session.Id.ToString(), allowed: false, reason, cancellationToken: cancellationToken);
        await sessions.EndAsync(Actor.System, [session], reason, cancellationToken);
        return AccessErrors.SessionEnded;
    }
}
