using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Agent.Platforms.Windows;
using Operone.Agent.Shell.Host.Terminals;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// A host on Windows, with the same folder and the same protocol as elsewhere. Weaker in this: a cancel of a command kills at
/// once, since Windows has no request to terminate that a program without a window or console gets. Not run by our tests.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsHost(ExecutionFolder folder, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan _pipeGrace = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the agent has to take the last word. It finds the end in the folder all the same.</summary>
    private static readonly TimeSpan _lastWord = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly WindowsJob _job = new();
    private readonly AutoResetEvent _news = new(false);
    private PipeBells? _bells;
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
        _bells?.Dispose();
        _job.Dispose();
        _output?.Dispose();
        _news.Dispose();
    }

    private async Task RunAsync()
    {
        var claim = HostClaim.TryTake(folder);
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

        // whoever hears of the end may delete the folder, which Windows refuses while a file in it is open
        _output?.Dispose();
        folder.WriteEnd(end);
        claim.Dispose();
        _bells?.RingLast(HostProtocol.Ended, _lastWord);
    }

    private async Task<ExecutionEnd> OwnAsync(StartExecution request)
    {
        if (request.Sandbox is { } sandbox && SandboxSupport.Refusal(sandbox) is { } refusal)
        {
            return End(ExecutionStatus.Refused, null, refusal);
        }

        if (request.Supervision is not null)
        {
            return End(ExecutionStatus.Refused, null, "Commands can be supervised (started again, asked how they are, ended by a lease) on Linux and macOS alone.");
        }

        _output = new OutputWriter(folder.Output, request.OutputLimitBytes, MaskSet.Of(request.Masks));
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var (plan, problem) = new CommandPlanner(home, Environment.UserName).Make(request, folder.Script + ".ps1");
        if (plan is null)
        {
            return End(problem!.IsRefusal ? ExecutionStatus.Refused : ExecutionStatus.Failed, problem.ExitCode, problem.Reason);
        }

        return request.Terminal is null ? await RunAsync(plan, request) : RunTerminal(plan, request);
    }

    /// <summary>Runs a terminal to its end, on this thread.</summary>
    private ExecutionEnd RunTerminal(CommandPlan plan, StartExecution request)
    {
        HostedConsole terminal;
        try
        {
            terminal = new HostedConsole(request, folder, _output!, _job, _news, time);
        }
        catch (Exception problem) when (problem is Win32Exception or EntryPointNotFoundException)
        {
            return End(ExecutionStatus.Refused, null, $"The device has no terminal to give: {problem.Message}. Windows has them from Windows 10 1809 and Server 2019 on.");
        }

        using (terminal)
        {
            try
            {
                terminal.Start(plan);
            }
            catch (Win32Exception failure)
            {
                return End(ExecutionStatus.Failed, CommandPlanner.NotExecutableCode, $"'{plan.Arguments[0]}' cannot be started: {failure.Message}");
            }

            _bells = new PipeBells(folder.Socket, terminal.Cancel);
            var end = terminal.Run(_bells);
            _output!.Finish();
            return End(end.Status, end.ExitCode, end.Reason);
        }
    }

    private async Task<ExecutionEnd> RunAsync(CommandPlan plan, StartExecution request)
    {
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
        _bells = new PipeBells(folder.Socket, _ => Kill(ExecutionStatus.Cancelled));
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
        lock (_lock)
        {
            _output!.Finish();
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

            _bells!.Ring(HostProtocol.More);
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

    private void Kill(ExecutionStatus why)
    {
        lock (_lock)
        {
            _endedBy ??= why;
        }

        _job.End();
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
