using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.SignalR;
using Operone.Core.Shell;

namespace Operone.Tests.Hosting;

/// <summary>
/// A <see cref="FakeAgent"/> that keeps what agents promise: it comes back when its node is gone, starts what arrives twice once, keeps the ends of
/// executions until they are acknowledged, and tells them again.
/// </summary>
internal sealed class SturdyAgent : IAsyncDisposable
{
    private readonly FakeAgent _agent;
    private readonly CancellationTokenSource _over = new();
    private readonly ConcurrentDictionary<Guid, ExecutionReport> _done = new();
    private readonly Func<SturdyAgent, StartExecution, Task> _work;
    private Task _life = Task.CompletedTask;

    /// <param name="agent">The agent.</param>
    /// <param name="work">What an execution takes; it happens once for each.</param>
    public SturdyAgent(FakeAgent agent, Func<SturdyAgent, StartExecution, Task> work) => (_agent, _work) = (agent, work);

    public string Name => _agent.Name;

    /// <summary>What ran on it, in order: each execution once.</summary>
    public ConcurrentQueue<StartExecution> Ran { get; } = new();

    /// <summary>Lives until it is disposed.</summary>
    public void Start()
    {
        _agent.OnStart = OnStartAsync;
        _life = LiveAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _life;
        await _agent.DisposeAsync();
        _over.Dispose();
    }

    private async Task LiveAsync()
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                await _agent.ConnectAsync([.. _done.Keys]);
                foreach (var report in _done.Values)
                {
                    await _agent.ReportAsync(report);
                }

                await _agent.Closed.Task.WaitAsync(_over.Token);
            }
            catch (Exception away) when (away is HttpRequestException or HubException or IOException or InvalidOperationException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
            {
                // the node is away: it is tried again
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private async Task OnStartAsync(StartExecution start)
    {
        if (!_done.TryAdd(start.ExecutionId, new(start.ExecutionId, DateTimeOffset.UtcNow, [], null)))
        {
            return;
        }

        Ran.Enqueue(start);
        await _work(this, start);
        var output = Encoding.UTF8.GetBytes($"{start.Command}\n");
        var report = new ExecutionReport(
            start.ExecutionId, DateTimeOffset.UtcNow, [new(OutputStream.Stdout, 0, output)], new(ExecutionStatus.Succeeded, 0, "Exited with code 0.", DateTimeOffset.UtcNow, output.Length, 0));
        _done[start.ExecutionId] = report;
        try
        {
            await _agent.ReportAsync(report);
        }
        catch (Exception away) when (away is HubException or IOException or InvalidOperationException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            // told again after the next connection
        }
    }
}
