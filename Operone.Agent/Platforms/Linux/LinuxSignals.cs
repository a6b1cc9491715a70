using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Kernel;

namespace Operone.Agent.Platforms.Linux;

/// <summary>
/// Signals to a process that is held by a descriptor (pidfd_open(2)), so that between looking who it is and signalling it nobody else can
/// have its number.
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxSignals
{
    // the same numbers on every architecture (asm-generic/unistd.h)
    private const int SendSignalNumber = 424;
    private const int OpenNumber = 434;
    private const int NotImplemented = 38;
    private const int NotPermitted = 1;

    // signal(7), x86 and ARM
    private static readonly string[] _names =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
        "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary>Sends one. Gives why it was not, or null.</summary>
    /// <param name="process">Which.</param>
    /// <param name="signal">A name or a number.</param>
    /// <param name="startOf">When the process that has a number now started; null where none has it.</param>
    public static ProcessProblem? Send(ProcessIdentity process, string signal, Func<int, long?> startOf)
    {
        var number = int.TryParse(signal, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : Array.IndexOf(_names, signal);
        if (number is < 1 or > 64)
        {
            return new ProcessProblem(ProcessProblems.Refused, $"This device has no signal '{signal}'.");
        }

        var held = (int)Call(OpenNumber, process.Pid, 0, 0, 0);
        var error = Marshal.GetLastPInvokeError();
        try
        {
            if (held < 0 && error != NotImplemented)
            {
                return Gone(process);
            }

            if (startOf(process.Pid) != process.Start)
            {
                return Gone(process);
            }

            // a kernel before 5.3 has no such descriptors: there the number is all there is
            var sent = held >= 0 ? (int)Call(SendSignalNumber, held, number, 0, 0) : Libc.Kill(process.Pid, number);
            return sent == 0 ? null : Problem(process, Marshal.GetLastPInvokeError());
        }
        finally
        {
            if (held >= 0)
            {
                Libc.Close(held);
            }
        }
    }

    private static ProcessProblem Problem(ProcessIdentity process, int error) => error switch
    {
        Libc.NoSuchProcess => Gone(process),
        NotPermitted => new(ProcessProblems.Denied, $"The agent runs as {Environment.UserName}, who may not signal process {process.Pid}."),
        _ => new(ProcessProblems.Failed, $"Process {process.Pid}: {Libc.Describe(error)}."),
    };

    private static ProcessProblem Gone(ProcessIdentity process) => new(ProcessProblems.Gone, $"Process {process.Pid} has ended.");

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint one, nint two, nint three, nint four);
}
