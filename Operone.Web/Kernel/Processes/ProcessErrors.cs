using System.Globalization;
using Operone.Core.Errors;
using Operone.Core.Kernel;

namespace Operone.Web.Kernel.Processes;

/// <summary>What can go wrong with processes, as expected.</summary>
internal static class ProcessErrors
{
    public static Error NotUnderstood(string device) => new(ErrorKind.Unavailable, "processes-not-understood", "The device's answer makes no sense.",
        $"What the agent of '{device}' told of its processes cannot be read. Is its version the server's?");

    public static Error Lost(string device) => new(ErrorKind.Unavailable, "processes-lost", "The device has gone while it answered.",
        $"The connection to '{device}' broke before its answer was whole. Try again.");

    public static Error SignalLost(string device) => new(ErrorKind.Unavailable, "signal-lost", "The device has gone before it answered.",
        $"The connection to '{device}' broke: the signal may have been sent or not. Look at the processes before you send it again.");

    public static Error From(string device, ProcessProblem problem) => problem.Code switch
    {
        ProcessProblems.Gone => new(ErrorKind.NotFound, "process-gone", "There is no such process any more.", $"{device}: {problem.Detail} Its number may be another's now."),
        ProcessProblems.Denied => new(ErrorKind.Unprocessable, "process-denied", "The device's system does not let the agent.", $"{device}: {problem.Detail}"),
        ProcessProblems.Refused => new(ErrorKind.Unprocessable, "process-refused", "The device does not do that.", $"{device}: {problem.Detail}"),
        _ => new(ErrorKind.Unavailable, "process-failed", "The device could not do it.", $"{device}: {problem.Detail}"),
    };

    public static Error StartMissing(int pid) => Error.InvalidField("start", string.Create(
        CultureInfo.InvariantCulture, $"is missing: give the 'start' that a list or GET .../processes/{pid} gave, so that nobody else gets the signal who has the number by then"));
}
