namespace Operone.E2E.Hosting;

/// <summary>A real agent with a state folder of its own.</summary>
internal sealed class AgentProcess(string folder) : IAsyncDisposable
{
    private ChildProcess? _process;

    public string StateDirectory { get; } = Path.Combine(folder, "state");

    public string LogFile => Path.Combine(folder, "agent.log");

    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("The agent is not running.");

    /// <summary>Enrols it.</summary>
    public async Task EnrollAsync(string serverUrl, string token, string name, CancellationToken cancellationToken, params string[] labels)
    {
        Directory.CreateDirectory(folder);
        string[] arguments =
        [
            "agent", "enroll", "--server", serverUrl, "--token", token, "--name", name, "--state-dir", StateDirectory,
            .. labels.SelectMany(label => (IEnumerable<string>)["--label", label]),
        ];
        var (exitCode, output) = await ChildProcess.RunAsync(Published.Agent, arguments, TimeSpan.FromSeconds(60), cancellationToken);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"The agent could not be enrolled ({exitCode}): {output}");
        }
    }

    /// <summary>Starts it. It connects by itself.</summary>
    public void Start() => _process = ChildProcess.Start(
        Published.Agent, ["agent", "run"], LogFile,
        // Hosts inherit it, and are found by it in the end.
        new Dictionary<string, string>
        {
            ["OPERONE_STATE_DIR"] = StateDirectory,
            // Shells read the start-up files of whoever's home it is, and those of this machine may do anything.
            ["HOME"] = Directory.CreateDirectory(Path.Combine(folder, "home")).FullName,
        });

    /// <summary>kill -9. What it has started goes on.</summary>
    public async Task KillAsync()
    {
        await _process!.KillAsync();
        await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>Asks it to end.</summary>
    public async Task<bool> StopAsync()
    {
        var ended = await _process!.StopAsync(TimeSpan.FromSeconds(20));
        await _process.DisposeAsync();
        _process = null;
        return ended;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        // Hosts outlive their agent; here they must not outlive the test.
        ChildProcess.KillThoseOf(StateDirectory);
    }
}
