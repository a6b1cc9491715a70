using System.Diagnostics;
using System.Globalization;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>What scenarios share: a folder, what is said meanwhile, how servers and agents are started.</summary>
internal sealed class BenchContext(string folder, CancellationToken cancellationToken) : IAsyncDisposable
{
    private static readonly long _began = Stopwatch.GetTimestamp();
    private readonly Stack<IAsyncDisposable> _started = new();
    private int _folders;

    public CancellationToken Cancellation => cancellationToken;

    /// <summary>Says how far it is.</summary>
    public static void Say(string text) => Console.Error.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"[{Stopwatch.GetElapsedTime(_began):mm\\:ss}] {text}"));

    /// <summary>A new folder that goes at the end.</summary>
    public string NewFolder(string name) =>
        Directory.CreateDirectory(Path.Combine(folder, $"{++_folders}-{name}")).FullName;

    /// <summary>Has something ended at the end, the last first.</summary>
    public T Own<T>(T thing)
        where T : IAsyncDisposable
    {
        _started.Push(thing);
        return thing;
    }

    /// <summary>A server that is ready, on the embedded database or on this one.</summary>
    public async Task<ServerProcess> StartServerAsync(string? database = null)
    {
        var server = Own(new ServerProcess(
            NewFolder("server"), settings: database is null ? null : new Dictionary<string, string> { ["ConnectionStrings__Operone"] = database }));
        await server.StartAsync(cancellationToken);
        return server;
    }

    /// <summary>Real agents that are online.</summary>
    public async Task<IReadOnlyList<AgentProcess>> StartAgentsAsync(ServerProcess server, int count)
    {
        var token = await server.Api.CreateEnrollmentTokenAsync(count, cancellationToken);
        var agents = new List<AgentProcess>();
        for (var i = 0; i < count; i++)
        {
            var agent = Own(new AgentProcess(NewFolder("agent")));
            await agent.EnrollAsync(server.Url, token, $"real-{i}", cancellationToken);
            agent.Start();
            agents.Add(agent);
        }

        await server.Api.WaitForOnlineAsync(count, TimeSpan.FromSeconds(60), cancellationToken);
        return agents;
    }

    /// <summary>Runs a command to its end, on one device or on all, and makes sure that all succeeded.</summary>
    public async Task<RunView> RunAsync(ServerProcess server, string command, string? device = null, long? outputLimit = null)
    {
        var run = await server.Api.CreateRunAsync(
            new CreateRun
            {
                Command = command,
                Target = device is null ? new RunTarget(All: true) : new RunTarget([device]),
                OutputLimitBytes = outputLimit,
            },
            waitSeconds: 60,
            cancellationToken);
        return run.Status == RunStatus.Succeeded
            ? run
            : throw new InvalidOperationException($"The run of '{command}' is {run.Status}: {run.Executions?.FirstOrDefault(e => e.Status != ExecutionStatus.Succeeded)}");
    }

    /// <summary>A pause.</summary>
    public Task PauseAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out var thing))
        {
            await thing.DisposeAsync();
        }

        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException e)
        {
            Say($"{folder} could not be deleted: {e.Message}");
        }
    }
}
