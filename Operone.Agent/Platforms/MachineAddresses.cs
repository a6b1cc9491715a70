using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Operone.Agent.Platforms;

/// <summary>The machine's addresses.</summary>
internal static class MachineAddresses
{
    /// <summary>All, without loopback and link-local ones, IPv4 first.</summary>
    public static IReadOnlyList<string> All()
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(i => i.OperationalStatus != OperationalStatus.Down && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                    .SelectMany(i => i.GetIPProperties().UnicastAddresses)
                    .Select(a => a.Address)
                    .Where(a => !IPAddress.IsLoopback(a) && !a.IsIPv6LinkLocal && !IsLinkLocal(a))
                    .OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
                    .Select(a => new IPAddress(a.GetAddressBytes()).ToString()).Distinct(),
            ];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }

    /// <summary>169.254.0.0/16 (RFC 3927).</summary>
    private static bool IsLinkLocal(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..];
}
