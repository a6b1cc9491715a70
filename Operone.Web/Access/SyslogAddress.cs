namespace Operone.Web.Access;

/// <summary>How syslog messages travel.</summary>
internal enum SyslogTransport
{
    /// <summary>A datagram each (RFC 5426).</summary>
    Udp,

    /// <summary>A stream, each message after its length (RFC 6587, section 3.4.1).</summary>
    Tcp,

    /// <summary>The same over TLS (RFC 5425).</summary>
    Tls,
}

/// <summary>Where a syslog receiver is.</summary>
internal sealed record SyslogAddress(SyslogTransport Transport, string Host, int Port)
{
    /// <summary>Reads <c>udp://host:514</c>, <c>tcp://host:601</c>, <c>tls://host:6514</c>; those ports where none is given. Null where it is none of these.</summary>
    public static SyslogAddress? Parse(string? text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.PathAndQuery.Trim('/').Length > 0 || uri.UserInfo.Length > 0)
        {
            return null;
        }

        (SyslogTransport Transport, int Port)? known = uri.Scheme switch
        {
            "udp" => (SyslogTransport.Udp, 514),
            "tcp" => (SyslogTransport.Tcp, 601),
            "tls" => (SyslogTransport.Tls, 6514),
            _ => null,
        };
        return known is { } k && uri.Port != 0 ? new(k.Transport, uri.DnsSafeHost, uri.Port < 0 ? k.Port : uri.Port) : null;
    }

    public override string ToString() => $"{Transport.ToString().ToLowerInvariant()}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";
}
