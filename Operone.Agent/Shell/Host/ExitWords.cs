using System.Globalization;
using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

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

    /// <summary>The exit code that a POSIX shell would give, and the words, where posix_spawn has failed.</summary>
    /// <param name="error">Its error number.</param>
    /// <param name="name">The program as it was asked for.</param>
    [UnsupportedOSPlatform("windows")]
    public static (int Code, string Reason) OfSpawn(int error, string name) => (
        error == Libc.NotFound ? CommandPlanner.NotFoundCode : CommandPlanner.NotExecutableCode,
        error switch
        {
            // the program was found a moment ago: what is missing is the interpreter in its first line, or its loader
            Libc.NotFound => $"'{name}' cannot be started: its interpreter does not exist.",
            Libc.ExecFormat => $"'{name}' is not in a format that this system can run.",
            Libc.ArgumentsTooLong => $"'{name}' cannot be started: its arguments and environment are too long for this system.",
            _ => $"'{name}' cannot be started: {Libc.Describe(error)}.",
        });
}
