using System.Globalization;
using System.Text;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>
/// An audit entry as a syslog message (RFC 5424): facility 13 (log audit), informational where it was allowed and a warning where
/// it was not; the action as the message's type; all fields as structured data; a sentence for people.
/// </summary>
internal static class SyslogMessage
{
    private const int Facility = 13;
    private const int Warning = 4;
    private const int Informational = 6;

    // 32473 is the enterprise number for examples (RFC 5612); Operone has none of its own.
    private const string StructuredId = "audit@32473";

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    public static byte[] Format(AuditEntryView entry, string host, int process)
    {
        var text = new StringBuilder(1024);
        text.Append('<').Append((Facility * 8) + (entry.Allowed ? Informational : Warning)).Append(">1 ")
            .Append(entry.At.UtcDateTime.ToString(AuditChain.TimeFormat, CultureInfo.InvariantCulture)).Append(' ')
            .Append(Header(host, 255)).Append(" operone ").Append(process.ToString(CultureInfo.InvariantCulture)).Append(' ')
            .Append(Header(entry.Action, 32)).Append(' ').Append('[').Append(StructuredId);
        Append(text, "seq", entry.Seq.ToString(CultureInfo.InvariantCulture));
        Append(text, "id", entry.Id.ToString("D"));
        Append(text, "actor", entry.Actor);
        Append(text, "action", entry.Action);
        Append(text, "target", entry.Target);
        Append(text, "allowed", entry.Allowed ? "true" : "false");
        Append(text, "detail", entry.Detail);
        Append(text, "remoteAddress", entry.RemoteAddress);
        Append(text, "actorId", entry.ActorId?.ToString("D"));
        Append(text, "sessionId", entry.SessionId?.ToString("D"));
        Append(text, "tokenId", entry.TokenId?.ToString("D"));
        Append(text, "requestId", entry.RequestId);
        Append(text, "grantId", entry.GrantId?.ToString("D"));
        Append(text, "previousHash", entry.PreviousHash);
        Append(text, "hash", entry.Hash);
        text.Append("] ");
        var sentence = $"{entry.Actor} {(entry.Allowed ? "did" : "was refused")} {entry.Action}{(entry.Target is { } target ? $" on {target}" : "")}";
        return [.. Encoding.UTF8.GetBytes(text.ToString()), .. ByteOrderMark, .. Encoding.UTF8.GetBytes(Line(sentence))];
    }

    // RFC 5424, section 6.3.3: these three are escaped, everything else stands as it is.
    private static void Append(StringBuilder text, string name, string? value)
    {
        if (value is null)
        {
            return;
        }

        text.Append(' ').Append(name).Append("=\"");
        foreach (var c in Line(value))
        {
            if (c is '"' or '\\' or ']')
            {
                text.Append('\\');
            }

            text.Append(c);
        }

        text.Append('"');
    }

    // Receivers that read line by line must not take a part of one message for another.
    private static string Line(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => c switch
        {
            '\n' => "\u240A",
            '\r' => "\u240D",
            '\t' => "\u2409",
            _ when char.IsControl(c) => "\uFFFD",
            _ => c.ToString(),
        })) : text;

    private static string Header(string text, int length)
    {
        var visible = string.Concat(text.Select(c => c is >= '!' and <= '~' ? c : '_'));
        return visible.Length == 0 ? "-" : visible[..Math.Min(visible.Length, length)];
    }
}
