using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Shell;
using Operone.Core.Shell;
using Operone.Tests.Hosting;

namespace Operone.Tests.Agent.Hosting;

/// <summary>An agent's executions with real hosts, in this process, on a state directory that several of them can have in turn.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ExecutionsUnderTest : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Hosts _hosts;
    private readonly Task _sending;
    private FakeShellConnection? _connection;

    public ExecutionsUnderTest(string folder, IHostStarter? starter = null)
    {
        Folder = folder;
        Directory.CreateDirectory($"{folder}/x");
        _hosts = new Hosts(starter ?? new UnixHostStarter(Processes.Agent, $"{folder}/host.log"));
        var sender = new ExecutionSender(TimeProvider.System, NullLogger<ExecutionSender>.Instance);
        var follower = new ExecutionFollower(_hosts, sender, TimeProvider.System, NullLogger<ExecutionFollower>.Instance);
        var tombstones = new Tombstones($"{folder}/over", TimeProvider.System, NullLogger<Tombstones>.Instance);
        All = new Executions($"{folder}/x", follower, sender, tombstones, TimeProvider.System, NullLogger<Executions>.Instance);
        Hub = new FakeShellHub();
        All.Load();
        _sending = sender.RunAsync(_stop.Token);
    }

    public string Folder { get; }

    public Executions All { get; }

    public FakeShellHub Hub { get; private set; }

    /// <summary>Connects; acknowledgements come at once unless told otherwise.</summary>
    public async Task ConnectAsync(FakeShellHub? hub = null, bool acknowledge = true)
    {
        Hub = hub ?? Hub;
        Hub.Acknowledge = acknowledge ? All.Acknowledge : null;
        _connection = new(Hub);
        All.Connect(_connection, await _connection.ReconcileExecutions(All.Inventory()));
    }

    /// <summary>Disconnects: what was under way is lost.</summary>
    public void Disconnect()
    {
        All.Disconnect();
        _connection?.Cut();
    }

    /// <summary>Waits for the end of an execution.</summary>
    public async Task<StoredExecution> EndOfAsync(Guid id)
    {
        await Eventually.BecomesAsync(() => Task.FromResult(Hub[id].End), "an end", 60);
        return Hub[id];
    }

    /// <summary>Waits until an execution's folder is gone.</summary>
    public Task GoneAsync(Guid id) => Eventually.BecomesAsync(() => Task.FromResult(!Directory.Exists(PathOf(id)) && All.Count == 0), "no folder", 30);

    public string PathOf(Guid id) => $"{Folder}/x/{id:N}";

    public ExecutionFolder FolderOf(Guid id) => new(PathOf(id));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await All.DisposeAsync();
        _hosts.Dispose();
        try
        {
            await _sending;
        }
        catch (OperationCanceledException)
        {
            // that is how it ends
        }

        _stop.Dispose();
    }

    /// <summary>A request for a command.</summary>
    public static StartExecution Request(string command) => HostUnderTest.Request(command);
}
