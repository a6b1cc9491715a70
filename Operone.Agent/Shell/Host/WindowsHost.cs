using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Agent.Platforms.Windows;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// A host on Windows, with the same folder and the same protocol as elsewhere. Weaker in this: a cancel kills at once,
/// since Windows has no request to terminate that a program without a window or console gets. Not run by our tests.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsHost(ExecutionFolder folder, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan _pipeGrace = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly WindowsJob _job = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<Socket> _clients = [];
    private readonly List<Task> _readers = [];
    private OutputWriter? _output;
    private ExecutionStatus? _endedBy;

    /// <summary>Owns the execution in a folder.</summary>
    public static int RunFolder(string folder)
    {
        using var host = new WindowsHost(new ExecutionFolder(folder), TimeProvider.System);
        host.RunAsync().GetAwaiter().GetResult();
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _job.Dispose();
        _output?.Dispose();
        _clients.ForEach(c => c.Dispose());
    }

    private async Task RunAsync()
    {
        using var claim = HostClaim.TryTake(folder);
        if (claim is null)
        {
            return;
        }

        ExecutionEnd end;
        try
        {
            end = await OwnAsync(folder.TakeRequest());
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            end = End(ExecutionStatus.Refused, null, $"The device could not prepare the execution: {problem.Message}");
        }

        folder.WriteEnd(end);
        Ring(HostProtocol.Ended);
        _clients.ForEach(c => c.Dispose());
        await Task.WhenAll(_readers);
    }

    private async Task<ExecutionEnd> OwnAsync(StartExecution request)
    {
        if (request.Terminal is not null)
        {
            return End(ExecutionStatus.Refused, null, "This device runs Windows, on which Operone opens no terminals yet. Run commands there, or use PowerShell through a run.");
        }

        _output = new OutputWriter(folder.Output, request.OutputLimitBytes, MaskSet.Of(request.Masks));
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var (plan, problem) = new CommandPlanner(home, Environment.UserName).Make(request, folder.Script + ".ps1");
        if (plan is null)
        {
            return End(problem!.IsRefusal ? ExecutionStatus.Refused : ExecutionStatus.Failed, problem.ExitCode, problem.Reason);
        }

        using var command = new Process { StartInfo = StartInfo(plan) };
        try
        {
            command.Start();
        }
        catch (Win32Exception failure)
        {
            return End(ExecutionStatus.Failed, CommandPlanner.NotFoundCode, $"'{plan.Arguments[0]}' cannot be started: {failure.Message}");
        }

        _job.Add(command.SafeHandle);
        folder.WriteStarted(new StartNote(time.GetUtcNow(), command.Id));
        _listener.Bind(new UnixDomainSocketEndPoint(folder.Socket));
        _listener.Listen();
        var listening = ListenAsync();
        Task[] streams =
        [
            CopyAsync(command.StandardOutput.BaseStream, OutputStream.Stdout), CopyAsync(command.StandardError.BaseStream, OutputStream.Stderr),
            FeedAsync(command.StandardInput.BaseStream, request.Stdin ?? []),
        ];
        using var timeout = new CancellationTokenSource(
            request.WallSeconds() is { } seconds ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue / 1000)) : Timeout.InfiniteTimeSpan, time);
        using var onTimeout = timeout.Token.Register(() => Kill(ExecutionStatus.TimedOut));
        await command.WaitForExitAsync(CancellationToken.None);
        await Task.WhenAny(Task.WhenAll(streams), Task.Delay(_pipeGrace, time));
        _listener.Dispose();
        await listening;
        lock (_lock)
        {
            _output.Finish();
        }

        var words = $"Exited with code {command.ExitCode}.";
        return _endedBy switch
        {
            ExecutionStatus.TimedOut => End(ExecutionStatus.TimedOut, command.ExitCode, FormattableString.Invariant($"Took longer than {request.WallSeconds()} seconds. {words}")),
            ExecutionStatus.Cancelled => End(ExecutionStatus.Cancelled, command.ExitCode, $"Cancelled. {words}"),
            _ => End(command.ExitCode == 0 ? ExecutionStatus.Succeeded : ExecutionStatus.Failed, command.ExitCode, words),
        };
    }

    private static ProcessStartInfo StartInfo(CommandPlan plan)
    {
        var start = new ProcessStartInfo(plan.Program, plan.Arguments.Skip(1))
        {
            WorkingDirectory = plan.Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        start.Environment.Clear();
        foreach (var variable in plan.Environment)
        {
            var equals = variable.IndexOf('=', 1);
            start.Environment[variable[..equals]] = variable[(equals + 1)..];
        }

        return start;
    }

    private async Task CopyAsync(Stream from, OutputStream stream)
    {
        var frame = new byte[OutputLog.HeadBytes + OutputLog.MaxDataBytes];
        while (await from.ReadAsync(frame.AsMemory(OutputLog.HeadBytes)) is > 0 and var count)
        {
            lock (_lock)
            {
                _output!.Append(stream, frame, count);
            }

            Ring(HostProtocol.More);
        }
    }

    private static async Task FeedAsync(Stream to, byte[] input)
    {
        try
        {
            await using (to)
            {
                await to.WriteAsync(input);
            }
        }
        catch (IOException)
        {
            // the command does not read its input
        }
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync();
                lock (_lock)
                {
                    _clients.Add(client);
                }

                Ring(HostProtocol.More);
                _readers.Add(ReadAsync(client));
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // the execution is over
        }
    }

    private async Task ReadAsync(Socket client)
    {
        var message = new byte[HostProtocol.CancelBytes];
        try
        {
            while (await client.ReceiveAsync(message) > 0)
            {
                if (message[0] == HostProtocol.Cancel)
                {
                    Kill(ExecutionStatus.Cancelled);
                }
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // the agent is gone, and comes again
        }
    }

    private void Kill(ExecutionStatus why)
    {
        lock (_lock)
        {
            _endedBy ??= why;
        }

        _job.End();
    }

    private void Ring(byte what)
    {
        lock (_lock)
        {
            foreach (var client in _clients)
            {
                try
                {
                    client.Send([what]);
                }
                catch (SocketException)
                {
                    // gone; its reader has seen it too
                }
            }
        }
    }

    private ExecutionEnd End(ExecutionStatus status, int? code, string reason)
    {
        lock (_lock)
        {
            return new ExecutionEnd(
                status, code, reason, time.GetUtcNow(), _output?.StdoutBytes ?? 0, _output?.StderrBytes ?? 0, _output?.DiscardedBytes ?? 0);
        }
    }
}
