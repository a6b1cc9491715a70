using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Operone.Agent.Platforms.Windows;

/// <summary>
/// A job object: a process tree that can be ended as one. What a command starts in the instant before it is put into the job
/// is not in it. Not run by our tests.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed partial class WindowsJob : IDisposable
{
    private readonly SafeFileHandle _job = new(Create(0, 0), ownsHandle: true);

    /// <summary>Puts a process, and all that it starts from now on, into the job.</summary>
    public void Add(SafeProcessHandle process) => Assign(_job, process);

    /// <summary>Ends all of it.</summary>
    public void End() => Terminate(_job, 1);

    /// <inheritdoc/>
    public void Dispose() => _job.Dispose();

    [LibraryImport("kernel32", EntryPoint = "CreateJobObjectW", SetLastError = true)]
    private static partial nint Create(nint attributes, nint name);

    [LibraryImport("kernel32", EntryPoint = "AssignProcessToJobObject", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool Assign(SafeFileHandle job, SafeProcessHandle process);

    [LibraryImport("kernel32", EntryPoint = "TerminateJobObject", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool Terminate(SafeFileHandle job, uint exitCode);
}
