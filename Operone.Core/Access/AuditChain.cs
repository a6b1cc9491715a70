using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Operone.Core.Access;

/// <summary>
/// How audit entries are sealed: each carries the SHA-256 of its own canonical form, in which the hash of the entry before
/// is one field. The canonical form is JSON by RFC 8785 (JCS): keys sorted, no spaces, nothing escaped but what must be; fields
/// that are null are left out. docs/audit.md says it for other tools.
/// </summary>
public static class AuditChain
{
    /// <summary>The length of a hash in bytes.</summary>
    public const int HashBytes = 32;

    /// <summary>How times are written: UTC with exactly six decimals.</summary>
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    private static readonly SearchValues<char> Escaped = SearchValues.Create(
        "\"\\" + string.Concat(Enumerable.Range(0, 0x20).Select(c => (char)c)));

    /// <summary>The hash that stands before the first entry: 32 zero bytes.</summary>
    public static string Beginning { get; } = new('0', 2 * HashBytes);

    /// <summary>A time as databases keep it: without what is below the microsecond.</summary>
    public static DateTimeOffset Truncate(DateTimeOffset at) =>
        new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>The hash of an entry, over all its fields but <see cref="AuditEntryView.Hash"/>.</summary>
    public static byte[] Hash(AuditEntryView entry)
    {
        var canonical = new ArrayBufferWriter<byte>(512);
        Write(entry, canonical, withHash: false);
        return SHA256.HashData(canonical.WrittenSpan);
    }

    /// <summary>A hash as text.</summary>
    public static string? ToText(byte[]? hash) => hash is null ? null : Convert.ToHexStringLower(hash);

    /// <summary>Writes an entry's canonical form; with its hash it is a line of an export.</summary>
    public static void Write(AuditEntryView entry, IBufferWriter<byte> to, bool withHash)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(to);
        to.Write("{\"action\":"u8);
        WriteString(entry.Action, to);
        WriteField("actor", entry.Actor, to);
        WriteField("actorId", entry.ActorId?.ToString("D"), to);
        to.Write(entry.Allowed ? ",\"allowed\":true"u8 : ",\"allowed\":false"u8);
        WriteField("at", Truncate(entry.At).ToString(TimeFormat, CultureInfo.InvariantCulture), to);
        WriteField("detail", entry.Detail, to);
        WriteField("grantId", entry.GrantId?.ToString("D"), to);
        WriteField("hash", withHash ? entry.Hash : null, to);
        WriteField("id", entry.Id.ToString("D"), to);
        WriteField("previousHash", entry.PreviousHash, to);
        WriteField("remoteAddress", entry.RemoteAddress, to);
        WriteField("requestId", entry.RequestId, to);
        to.Write(",\"seq\":"u8);
        Encoding.UTF8.GetBytes(entry.Seq.ToString(CultureInfo.InvariantCulture), to);
        WriteField("sessionId", entry.SessionId?.ToString("D"), to);
        WriteField("target", entry.Target, to);
        WriteField("tokenId", entry.TokenId?.ToString("D"), to);
        to.Write("}"u8);
    }

    private static void WriteField(string name, string? value, IBufferWriter<byte> to)
    {
        if (value is null)
        {
            return;
        }

        to.Write(",\""u8);
        Encoding.UTF8.GetBytes(name, to);
        to.Write("\":"u8);
        WriteString(value, to);
    }

    // RFC 8785, section 3.2.2.2
    private static void WriteString(ReadOnlySpan<char> text, IBufferWriter<byte> to)
    {
        to.Write("\""u8);
        while (text.IndexOfAny(Escaped) is >= 0 and var at)
        {
            Encoding.UTF8.GetBytes(text[..at], to);
            var escape = text[at] switch
            {
                '"' => "\\\"",
                '\\' => @"\\",
                '\b' => @"\b",
                '\t' => @"\t",
                '\n' => @"\n",
                '\f' => @"\f",
                '\r' => @"\r",
                var control => $"\\u{(int)control:x4}",
            };
            Encoding.UTF8.GetBytes(escape, to);
            text = text[(at + 1)..];
        }

        Encoding.UTF8.GetBytes(text, to);
        to.Write("\""u8);
    }
}
