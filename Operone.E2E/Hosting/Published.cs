using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Operone.E2E.Hosting;

/// <summary>What was built to be tested: the published control plane and the published agent.</summary>
internal static class Published
{
    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The agent; <c>OPERONE_AGENT</c> names another than the one in artifacts.</summary>
    public static string Agent { get; } = Found(
        "OPERONE_AGENT", Path.Combine(Root, "artifacts", "agents", RuntimeInformation.RuntimeIdentifier.Replace("debian.12-", "linux-", StringComparison.Ordinal), "operone"));

    /// <summary>The control plane's folder; <c>OPERONE_WEB</c> names another than the one in artifacts.</summary>
    public static string Web { get; } = Found("OPERONE_WEB", Path.Combine(Root, "artifacts", "web"));

    /// <summary>A loopback port that nobody has at the moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Found(string variable, string usual) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named ? Path.GetFullPath(named) : usual;

    private static string FindRoot()
    {
        foreach (var start in (IEnumerable<string>)[Environment.CurrentDirectory, AppContext.BaseDirectory])
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Operone.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new InvalidOperationException("The repository's folder was not found; start this inside it.");
    }
}
