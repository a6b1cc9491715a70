using System.Globalization;

namespace Operone.Core.Kernel;

/// <summary>The names of signals (POSIX.1-2024, signal.h). What number one has is for the device to say.</summary>
public static class ProcessSignals
{
    /// <summary>Asks a process to end.</summary>
    public const string Term = "TERM";
    /// <summary>Ends a process, which cannot say no.</summary>
    public const string Kill = "KILL";
    /// <summary>Stops a process until <see cref="Cont"/>; it cannot say no.</summary>
    public const string Stop = "STOP";
    /// <summary>Lets a process go on.</summary>
    public const string Cont = "CONT";

    /// <summary>The highest number that a signal has anywhere (Linux, SIGRTMAX).</summary>
    private const int Highest = 64;

    /// <summary>Those that have names here, the ones that people use most first.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Term, Kill, "INT", "HUP", "QUIT", Stop, Cont, "USR1", "USR2", "TSTP", "WINCH", "ABRT", "ALRM", "PIPE", "TRAP", "TTIN", "TTOU", "URG", "CHLD"];

    /// <summary>The name without <c>SIG</c> in capitals, or the number; null where it is neither.</summary>
    /// <param name="text">As people write it: <c>TERM</c>, <c>sigterm</c>, <c>15</c>.</param>
    public static string? Parse(string? text)
    {
        var word = (text ?? "").Trim().ToUpperInvariant();
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number is >= 1 and <= Highest ? number.ToString(CultureInfo.InvariantCulture) : null;
        }

        word = word.StartsWith("SIG", StringComparison.Ordinal) ? word[3..] : word;
        return All.Contains(word) ? word : null;
    }

    /// <summary>What a person is told that a signal does, after "will".</summary>
    public static string Describe(string signal) => signal switch
    {
        Term or "15" => "be asked to end",
        Kill or "9" => "be ended at once, without a chance to save anything",
        Stop => "be stopped until it is let go on",
        Cont => "be let go on",
        "INT" or "2" => "be interrupted, as by Ctrl+C",
        "HUP" or "1" => "be told to hang up; many programs read their settings again",
        _ => $"get the signal {signal}",
    };
}
