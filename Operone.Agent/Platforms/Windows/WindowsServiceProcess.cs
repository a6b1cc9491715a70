using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Operone.Core.Errors;

namespace Operone.Agent.Platforms.Windows;

/// <summary>
/// Answers Windows' service manager (StartServiceCtrlDispatcher, RegisterServiceCtrlHandlerEx, SetServiceStatus) while the
/// agent runs. Not run by our tests.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed partial class WindowsServiceProcess(Func<CancellationToken, Task<Result<Unit>>> agent) : IDisposable
{
    private const uint OwnProcess = 0x10, Stopped = 1, Running = 4, StopPending = 3, AcceptStop = 1, AcceptShutdown = 4, ControlStop = 1, ControlShutdown = 5;

    // the service manager calls back without a context at first, and a process is one service
    private static WindowsServiceProcess? _current;
    private readonly CancellationTokenSource _stop = new();
    private Result<Unit> _result = Unit.Value;
    private nint _status;

    /// <summary>Runs the agent until the service is stopped.</summary>
    public async Task<Result<Unit>> RunAsync(CancellationToken cancel)
    {
        _current = this;
        using var linked = cancel.Register(_stop.Cancel);
        return await Task.Factory.StartNew(Dispatch, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    private unsafe Result<Unit> Dispatch()
    {
        fixed (char* name = "operone-agent")
        {
            var table = stackalloc nint[4];
            (table[0], table[1], table[2], table[3]) = ((nint)name, (nint)(delegate* unmanaged<uint, nint, void>)&ServiceMain, 0, 0);
            return StartDispatcher(table)
                ? _result
                : new Error(ErrorKind.Unprocessable, "no-service-manager", "The service manager is not there.", $"{new Win32Exception(Marshal.GetLastPInvokeError()).Message}. Run 'operone agent run' without --windows-service.");
        }
    }

    [UnmanagedCallersOnly]
    private static unsafe void ServiceMain(uint count, nint arguments)
    {
        var self = _current!;
        fixed (char* name = "operone-agent")
        {
            self._status = RegisterHandler(name, &Control, 0);
        }

        self.Tell(Running);
        self._result = self.RunAgent();
        self.Tell(Stopped);
    }

    private Result<Unit> RunAgent() => agent(_stop.Token).GetAwaiter().GetResult();

    [UnmanagedCallersOnly]
    private static uint Control(uint control, uint type, nint data, nint context)
    {
        if (control is ControlStop or ControlShutdown)
        {
            _current!.Tell(StopPending);
            _current._stop.Cancel();
        }

        return 0;
    }

    private unsafe void Tell(uint state)
    {
        // SERVICE_STATUS: type, state, accepted controls, exit code, specific code, checkpoint, wait hint
        var status = stackalloc uint[7] { OwnProcess, state, state == Running ? AcceptStop | AcceptShutdown : 0, 0, 0, 0, 5000 };
        SetStatus(_status, status);
    }

    [LibraryImport("advapi32", EntryPoint = "StartServiceCtrlDispatcherW", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool StartDispatcher(nint* table);

    [LibraryImport("advapi32", EntryPoint = "RegisterServiceCtrlHandlerExW", SetLastError = true)]
    private static unsafe partial nint RegisterHandler(char* name, delegate* unmanaged<uint, uint, nint, nint, uint> handler, nint context);

    [LibraryImport("advapi32", EntryPoint = "SetServiceStatus", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool SetStatus(nint handle, uint* status);
}
