using System.Globalization;

namespace Operone.Agent.Shell.Host;

/// <summary>A wait status (wait(2)) as an exit code and in words.</summary>
internal static class ExitWords
{
    /// <summary>A command that was ended by a signal has 128 and the signal's number as its exit code, as in POSIX shells.</summary>
    public static (int? Code, string Words) Of(int? status)
    {
        if (status is not { } value)
        {
            return (null, "It could not be ended.");
        }

        var signal = value & 0x7f;
        if (signal == 0)
        {
            var code = (value >> 8) & 0xff;
            return (code, string.Create(CultureInfo.InvariantCulture, $"Exited with code {code}."));
        }

        var name = Name(signal) is { } known ? $" ({known})" : "";
        return (128 + signal, string.Create(CultureInfo.InvariantCulture, $"Ended by signal {signal}{name}."));
    }

    /// <summary>The signals that have the same number everywhere (POSIX, kill).</summary>
    private static string? Name(int signal) => signal switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => null,
    };
}
