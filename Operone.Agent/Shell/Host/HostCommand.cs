using System.CommandLine;

namespace Operone.Agent.Shell.Host;

/// <summary><c>operone host [folder]</c>: the process that owns one execution. Only the agent calls it.</summary>
internal static class HostCommand
{
    /// <summary>The command as the command line knows it. It is hidden: people have no use for it.</summary>
    public static Command Create() => new("host", "Owns one execution; the agent starts it.") { Hidden = true };

    /// <summary>Runs it, without the command line's parser.</summary>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length > 1)
        {
            Console.Error.WriteLine("operone host [folder]: there is at most one folder.");
            return 2;
        }

        if (OperatingSystem.IsWindows())
        {
            return arguments.Length == 1 ? WindowsHost.RunFolder(arguments[0]) : 2;
        }

        return arguments.Length == 1 ? UnixHost.RunFolder(Path.GetFullPath(arguments[0])) : UnixHost.RunWarm();
    }
}
