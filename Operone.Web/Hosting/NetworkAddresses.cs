using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Operone.Web.Hosting;

/// <summary>What addresses are, for those parts of the node that connect to where somebody says.</summary>
internal static class NetworkAddresses
{
    private static readonly IPAddress _metadata = IPAddress.Parse("fd00:ec2::254");

    // What is not for the public internet, by the IANA's registries of special-purpose addresses.
    private static readonly IPNetwork[] _special4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork _global6 = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork[] _special6 = [.. new[] { "2001::/23", "2001:db8::/32", "3fff::/20" }.Select(IPNetwork.Parse)];
    private static readonly IPNetwork _translated = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork _tunnelled = IPNetwork.Parse("2002::/16");

    /// <summary>An address of IPv4 that is written as one of IPv6, as that of IPv4.</summary>
    public static IPAddress Real(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>Whether it is of the link itself, or none at all: clouds answer secrets there, and no server has one.</summary>
    public static bool IsOfTheLink(IPAddress address)
    {
        var real = Real(address);
        return real.AddressFamily == AddressFamily.InterNetwork
            ? real.GetAddressBytes() is [169, 254, ..] or [0, ..] or [>= 224, ..]
            : real.IsIPv6LinkLocal || real.IsIPv6Multicast || real.Equals(IPAddress.IPv6Any) || real.Equals(_metadata);
    }

    /// <summary>Whether it is of the public internet: no network of the house, not this machine, and none of those in another's clothes.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var real = Real(address);
        if (real.AddressFamily == AddressFamily.InterNetwork)
        {
            return !_special4.Any(n => n.Contains(real));
        }

        // These carry an address of IPv4 that a gateway on the way would take out (RFC 6052, RFC 3056).
        var bytes = real.GetAddressBytes();
        if (_translated.Contains(real))
        {
            return IsPublic(new IPAddress(bytes[12..]));
        }

        return _global6.Contains(real) && !_special6.Any(n => n.Contains(real))
            && (!_tunnelled.Contains(real) || IsPublic(new IPAddress(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(2)))));
    }
}
