using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Shell.Host;

/// <summary>The system's own programs, looked for where only root installs: never by a PATH that somebody else has set.</summary>
[UnsupportedOSPlatform("windows")]
internal static class SystemTools
{
    private static readonly string[] _folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/run/current-system/sw/bin"];

    /// <summary>setpriv(1) of util-linux; that of busybox does not know users.</summary>
    public static string? Setpriv => FindOfUtilLinux("setpriv");

    /// <summary>prlimit(1).</summary>
    public static string? Prlimit => Find("prlimit");

    /// <summary>bwrap(1), bubblewrap.</summary>
    public static string? Bubblewrap => Find("bwrap");

    /// <summary>The path of a program, or null where there is none that can be run.</summary>
    public static string? Find(string name)
    {
        foreach (var folder in _folders)
        {
            var path = $"{folder}/{name}";
            if (File.Exists(path) && Libc.Access(path, 1) == 0)
            {
                return path;
            }
        }

        return null;
    }

    private static string? FindOfUtilLinux(string name) =>
        Find(name) is { } path && new FileInfo(path).LinkTarget?.Contains("busybox", StringComparison.Ordinal) != true ? path : null;
}
