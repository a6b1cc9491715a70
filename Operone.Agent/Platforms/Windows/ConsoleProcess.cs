using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Operone.Agent.Platforms.Windows;

/// <summary>A process that was started on a <see cref="PseudoConsole"/>.</summary>
[SupportedOSPlatform("windows")]
internal sealed partial class ConsoleProcess(SafeProcessHandle handle, int id) : IDisposable
{
    private RegisteredWaitHandle? _wait;
    private Watched? _watched;

    /// <summary>Its number.</summary>
    public int Id => id;

    /// <summary>How it has ended; null while it runs.</summary>
    public int? ExitCode => WaitFor(handle, 0) == 0 && CodeOf(handle, out var code) ? code : null;

    /// <summary>Has something called when it ends, on whatever thread.</summary>
    public void WhenEnded(Action wake)
    {
        _watched = new Watched(handle);
        _wait = ThreadPool.RegisterWaitForSingleObject(_watched, (_, _) => wake(), null, Timeout.Infinite, executeOnlyOnce: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wait?.Unregister(null);
        _watched?.Dispose();
        handle.Dispose();
    }

    [LibraryImport("kernel32", EntryPoint = "WaitForSingleObject", SetLastError = true)]
    private static partial uint WaitFor(SafeProcessHandle handle, uint milliseconds);

    [LibraryImport("kernel32", EntryPoint = "GetExitCodeProcess", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CodeOf(SafeProcessHandle handle, out int code);

    private sealed class Watched : WaitHandle
    {
        public Watched(SafeProcessHandle handle) => SafeWaitHandle = new SafeWaitHandle(handle.DangerousGetHandle(), ownsHandle: false);
    }
}
