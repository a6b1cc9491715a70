using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>
/// Sends the reports of all executions, one report of one execution at a time and in turns, so that what is in memory is
/// one report whatever they print. The queue is no longer than there are executions: each is in it at most once.
/// </summary>
internal sealed partial class ExecutionSender(TimeProvider time, ILogger<ExecutionSender> logger)
{
    private readonly Channel<Execution> _queue = Channel.CreateUnbounded<Execution>(new() { SingleReader = true });
    private volatile IShellHub? _hub;
    private OutputReader.ReadMemory? _memory;
    private long _sent;

    /// <summary>There is news of an execution.</summary>
    public void Add(Execution execution)
    {
        if (_hub is not null && Interlocked.Exchange(ref execution.IsQueued, 1) == 0)
        {
            _queue.Writer.TryWrite(execution);
        }
    }

    /// <summary>From now on reports go to this hub; null while there is no connection.</summary>
    public void SetHub(IShellHub? hub) => _hub = hub;

    /// <summary>How many reports have gone.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Lets go of what sending has taken; a report that is on its way keeps its own.</summary>
    public void Trim() => _memory = null;

    /// <summary>Sends until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (var execution in _queue.Reader.ReadAllAsync(cancel))
        {
            Interlocked.Exchange(ref execution.IsQueued, 0);
            if (_hub is { } hub && await SendNextAsync(execution, hub))
            {
                Add(execution);
            }
        }
    }

    /// <summary>Sends one report. Gives whether there may be another.</summary>
    private async Task<bool> SendNextAsync(Execution execution, IShellHub hub)
    {
        ExecutionReport? report;
        try
        {
            report = execution.NextReport(_memory ??= new(), time.GetTimestamp());
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Log.NotRead(logger, execution.Id, problem.Message);
            return false; // the next news, or the retry of what stalls, tries again
        }

        if (report is null)
        {
            return false;
        }

        try
        {
            await hub.ReportExecution(report); // it is written out when this returns, so its memory is free again
            _sent++;
            return report.Output is not null || report.From is not null;
        }
        catch (Exception problem) when (problem is InvalidOperationException or IOException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            Log.NotSent(logger, execution.Id, problem.Message);
            return false; // the connection is gone, and the next one begins where the server's storage ends
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Output of execution {Id} could not be read: {Problem}")]
        public static partial void NotRead(ILogger logger, Guid id, string problem);

        [LoggerMessage(Level = LogLevel.Debug, Message = "A report of execution {Id} did not go: {Problem}")]
        public static partial void NotSent(ILogger logger, Guid id, string problem);
    }
}
