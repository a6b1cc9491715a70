using System.Runtime.Versioning;

namespace Operone.Agent.Shell.Host;

[SupportedOSPlatform("windows")]
internal static class WindowsHost
{
    public static int RunFolder(string folder) => folder.Length;
}
