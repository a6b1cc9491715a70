using System.Net;
using System.Net.Sockets;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Mounts.Remote;

/// <summary>
/// Where a node connects to for a mount. Who makes mounts says where they go, and other servers of the house are what they are for; addresses of
/// the link itself are never such a server, but what clouds answer secrets at.
/// </summary>
internal static class HostGuard
{
    /// <summary>Whether nobody has files there.</summary>
    public static bool IsForbidden(IPAddress address) => NetworkAddresses.IsOfTheLink(address);

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
