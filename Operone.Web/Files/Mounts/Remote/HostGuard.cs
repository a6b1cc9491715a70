using System.Net;
using System.Net.Sockets;

namespace Operone.Web.Files.Mounts.Remote;

/// <summary>
/// Where a node connects to for a mount. Who makes mounts says where they go, and other servers of the house are what they are for; addresses of
/// the link itself are never such a server, but what clouds answer secrets at.
/// </summary>
internal static class HostGuard
{
    /// <summary>Whether nobody has files there.</summary>
    public static bool IsForbidden(IPAddress address)
    {
        var real = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return real.AddressFamily == AddressFamily.InterNetwork
            ? real.GetAddressBytes() is [169, 254, ..] or [0, ..] or [>= 224, ..]
            : real.IsIPv6LinkLocal || real.IsIPv6Multicast || real.Equals(IPAddress.IPv6Any) || real.Equals(_metadata);
    }

    private static readonly IPAddress _metadata = IPAddress.Parse("fd00:ec2::254");

    /// <summary>The addresses of a host, where all may be connected to.</summary>
    public static async Task<IPAddress[]> RequireAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host.Trim('[', ']'), cancellationToken);
            return addresses.Length > 0 && !addresses.Any(IsForbidden) ? addresses
                : throw RemoteFault.Away($"'{host}' has {(addresses.Length == 0 ? "no address" : "an address that no mount may go to")}.");
        }
        catch (SocketException problem)
        {
            throw RemoteFault.Away($"'{host}' is not known: {problem.Message}");
        }
    }
}
