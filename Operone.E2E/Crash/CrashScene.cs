using System.Globalization;
using System.Text;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Crash;

/// <summary>A server, an agent, and a command that prints 20 MB of numbered lines for several seconds and counts its own starts.</summary>
internal sealed class CrashScene : IAsyncDisposable
{
    private const string Device = "crash";
    private const int Lines = 200_000;
    private const int LineBytes = 100;
    private const int Batches = 200;
    private readonly string _folder;
    private readonly string _counter;

    private CrashScene(string folder, IReadOnlyDictionary<string, string> settings)
    {
        _folder = folder;
        _counter = Path.Combine(folder, "starts");
        Server = new(Path.Combine(folder, "server"), settings: settings);
        Agent = new(Path.Combine(folder, "agent"));
    }

    public ServerProcess Server { get; }

    public AgentProcess Agent { get; }

    /// <summary>How often each crash test runs: once, unless <c>OPERONE_CRASH_REPEAT</c> says more.</summary>
    public static TheoryData<int> Repeats { get; } =
        [.. Enumerable.Range(1, int.TryParse(Environment.GetEnvironmentVariable("OPERONE_CRASH_REPEAT"), out var n) && n > 0 ? n : 1)];

    /// <summary>Starts the server and the agent. The agent may be led through a proxy.</summary>
    public static async Task<CrashScene> StartAsync(Func<ServerProcess, Task<string>>? through = null)
    {
        var cancel = TestContext.Current.CancellationToken;
        var scene = new CrashScene(Directory.CreateTempSubdirectory("operone-crash-").FullName, new Dictionary<string, string>());
        try
        {
            await scene.Server.StartAsync(cancel);
            var url = through is null ? scene.Server.Url : await through(scene.Server);
            var token = await scene.Server.Api.CreateEnrollmentTokenAsync(1, cancel);
            await scene.Agent.EnrollAsync(url, token, Device, cancel);
            scene.Agent.Start();
            await scene.Server.Api.WaitForStatusAsync(Device, DeviceStatus.Online, TimeSpan.FromSeconds(20), cancel);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the command and waits until it is in mid-output.</summary>
    public async Task<Guid> StartCommandAsync()
    {
        var cancel = TestContext.Current.CancellationToken;
        var perBatch = Lines / Batches;
        // 100 bytes a line: ten digits, a blank, 88 letters, the end of the line. About 0.03 s between two batches.
        var command = string.Create(CultureInfo.InvariantCulture, $"""
            echo "$$" >> '{_counter}'
            i=0
            while [ $i -lt {Batches} ]; do
              seq -f '%010.0f {new string('x', LineBytes - 12)}' $((i * {perBatch} + 1)) $(((i + 1) * {perBatch}))
              i=$((i + 1))
              sleep 0.03
            done
            """);
        var run = await Server.Api.CreateRunAsync(
            new CreateRun { Command = command, Target = new RunTarget([Device]), OutputLimitBytes = 64 * 1024 * 1024 }, waitSeconds: 0, cancel);
        await WaitForBytesAsync(run.Id, 2_000_000);
        return run.Id;
    }

    /// <summary>Waits until so much of standard output is stored.</summary>
    public Task WaitForBytesAsync(Guid run, long bytes) => ApiClient.UntilAsync(
        async () => (await Server.Api.GetRunAsync(run, TestContext.Current.CancellationToken)).Executions![0].StdoutBytes >= bytes,
        TimeSpan.FromSeconds(30), $"{bytes} bytes are stored", TestContext.Current.CancellationToken);

    /// <summary>Waits for the end and looks whether everything is there, byte for byte, of one start.</summary>
    public async Task CheckAsync(Guid id, TimeSpan limit)
    {
        var cancel = TestContext.Current.CancellationToken;
        RunView run;
        try
        {
            run = await Server.Api.WaitForEndAsync(id, limit, cancel);
        }
        catch (TimeoutException e)
        {
            var state = await Server.Api.GetRunAsync(id, cancel);
            throw new TimeoutException($"{e.Message}\n{state.Executions![0]}\nserver:\n{Tail(Server.LogFile)}\nagent:\n{Tail(Agent.LogFile)}", e);
        }

        var execution = Assert.Single(run.Executions!);
        Assert.Equal((ExecutionStatus.Succeeded, 0), (execution.Status, execution.ExitCode));
        Assert.Equal((0L, 0L), (execution.DiscardedBytes, execution.StderrBytes));
        var stored = await Server.Api.GetOutputAsync(id, Device, "stdout", cancel);
        var expected = Expected();
        Assert.Equal(expected.Length, execution.StdoutBytes);
        Assert.Equal(expected.Length, stored.Length);
        Assert.Equal(-1, FirstDifference(expected, stored));
        Assert.Single(await File.ReadAllLinesAsync(_counter, cancel));
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Tail(string file) => File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(25)) : "(nothing)";

    private static byte[] Expected()
    {
        var all = new byte[Lines * LineBytes];
        var rest = new string('x', LineBytes - 12);
        for (var i = 0; i < Lines; i++)
        {
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{i + 1:0000000000} {rest}\n"), all.AsSpan(i * LineBytes, LineBytes));
        }

        return all;
    }

    private static int FirstDifference(byte[] a, byte[] b)
    {
        var common = a.AsSpan().CommonPrefixLength(b);
        return common == Math.Max(a.Length, b.Length) ? -1 : common;
    }
}
