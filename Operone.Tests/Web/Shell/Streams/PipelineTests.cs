using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell.Streams;

/// <summary>Pipelines over two real agents and a real node.</summary>
[SupportedOSPlatform("linux")]
public abstract class PipelineTests(ServerFixture fixture) : ServerTests(fixture), IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private readonly string _a = $"a-{Guid.NewGuid():N}"[..16];
    private readonly string _b = $"b-{Guid.NewGuid():N}"[..16];
    private AgentUnderTest? _agentA;
    private AgentUnderTest? _agentB;

    public async ValueTask InitializeAsync()
    {
        _agentA = await AgentUnderTest.EnrolAndRunAsync(Server, _temp["a"], _a);
        _agentB = await AgentUnderTest.EnrolAndRunAsync(Server, _temp["b"], _b);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _agentA!.DisposeAsync();
        await _agentB!.DisposeAsync();
        _temp.Dispose();
    }

    private async Task<RunView> CreateAsync(CreatePipeline request)
    {
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/pipelines", request, OperoneJson.Default.CreatePipeline, Cancelled);
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
    }

    private Task<RunView> CreateAsync(params (string Device, string Command)[] stages) =>
        CreateAsync(new CreatePipeline { Stages = [.. stages.Select(s => new PipelineStage { Device = s.Device, Command = s.Command })] });

    private async Task<RunView> EndAsync(RunView run) =>
        (await Server.Owner.GetFromJsonAsync($"/api/v1/pipelines/{run.Id}?waitSeconds=60", OperoneJson.Default.RunView, Cancelled))!;

    private async Task<string> OutputAsync(RunView run) =>
        await Server.Owner.GetStringAsync($"/api/v1/runs/{run.Id}/executions/{run.Executions![^1].Id}/stdout", Cancelled);

    [Fact]
    public async Task Pipeline_OfThreeStagesOnTwoDevices_CarriesAllOfIt()
    {
        const int Bytes = 200_000_000;
        var file = _temp["data"];
        var run = await CreateAsync(
            (_a, $"head -c {Bytes} /dev/zero | tr '\\0' y | tee {file}.count | wc -c >&2; exec gzip -1 < {file}.count"), (_b, "gunzip"), (_a, "sha256sum | cut -c1-64"));
        var ended = await EndAsync(run);
        Assert.True(ended.Status == RunStatus.Succeeded, string.Join("; ", ended.Executions!.Select(e => $"{e.DeviceName} {e.Status} {e.Reason}")));
        Assert.Equal([0, 1, 2], ended.Executions!.Select(e => e.Stage!.Value));
        Assert.Equal([_a, _b, _a], ended.Executions!.Select(e => e.DeviceName));
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        var block = Enumerable.Repeat((byte)'y', 1_000_000).ToArray();
        for (var i = 0; i < Bytes / block.Length; i++)
        {
            hash.AppendData(block);
        }

        Assert.Equal(Convert.ToHexString(hash.GetHashAndReset()), (await OutputAsync(ended)).Trim(), ignoreCase: true);
        Assert.Contains(" | ", ended.Command, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipeline_FailedStage_EndsTheOthersAndTheReaderIsNotToldOfAnEnd()
    {
        var file = _temp["whole"];
        var run = await CreateAsync((_a, "echo part; exit 3"), (_b, $"cat >/dev/null && touch {file}"));
        var ended = await EndAsync(run);
        Assert.True(ended.Status == RunStatus.Failed, string.Join("; ", ended.Executions!.Select(e => $"{e.Status} {e.ExitCode} {e.Reason}")));
        Assert.Equal((ExecutionStatus.Failed, 3), (ended.Executions![0].Status, ended.Executions[0].ExitCode));
        Assert.Equal(ExecutionStatus.Cancelled, ended.Executions[1].Status);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Pipeline_LastStageFails_EndsTheFirst()
    {
        var ended = await EndAsync(await CreateAsync((_a, "while :; do echo x; sleep 0.05; done"), (_b, "read x; exit 5")));
        Assert.Equal(RunStatus.Failed, ended.Status);
        Assert.Equal(5, ended.Executions![1].ExitCode);
        Assert.NotNull(ended.EndedAt);
    }

    [Fact]
    public async Task Pipeline_ReaderThatStops_EndsTheWriterBySigpipeAndGoesOnItself()
    {
        var ended = await EndAsync(await CreateAsync((_a, "yes"), (_b, "head -2; exec <&-; sleep 0.5; echo more")));
        Assert.Equal("y\ny\nmore\n", await OutputAsync(ended));
        Assert.Equal(141, ended.Executions![0].ExitCode);
        Assert.Equal(ExecutionStatus.Succeeded, ended.Executions[1].Status);
        Assert.Equal(RunStatus.Failed, ended.Status);
    }

    [Fact]
    public async Task Pipeline_AgentKilledInBetween_SaysSoAndTruncatesNothingSilently()
    {
        var file = _temp["whole"];
        var begun = _temp["begun"];
        var run = await CreateAsync((_a, "yes"), (_b, $"read line; touch {begun}; cat >/dev/null && touch {file}"));
        await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(begun)), "the stages are joined", 30);
        await _agentA!.KillAsync();
        await _agentA.DisposeAsync();
        _agentA = AgentUnderTest.Run(_temp["a"]);
        var ended = await EndAsync(run);
        Assert.True(ended.Status == RunStatus.Failed, string.Join("; ", ended.Executions!.Select(e => $"{e.Status} {e.ExitCode} {e.Reason}")));
        Assert.Equal(ExecutionStatus.Failed, ended.Executions![0].Status);
        Assert.Contains("was lost after", ended.Executions[0].Reason, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Pipeline_Cancelled_EndsAllStages()
    {
        var run = await CreateAsync((_a, "sleep 60"), (_b, "cat"));
        using var cancelled = await Server.Owner.PostAsync(new Uri($"/api/v1/runs/{run.Id}/cancel", UriKind.Relative), null, Cancelled);
        Assert.True(cancelled.IsSuccessStatusCode);
        var ended = await EndAsync(run);
        Assert.True(ended.Status == RunStatus.Cancelled, string.Join("; ", ended.Executions!.Select(e => $"{e.Status} {e.ExitCode} {e.Reason}")));
    }

    [Fact]
    public async Task Pipeline_WithVariablesOfAStage_GivesThemToThatStageAlone()
    {
        var ended = await EndAsync(await CreateAsync(new CreatePipeline
        {
            Stages =
            [
                new() { Device = _a, Argv = ["sh", "-c", "echo $WHERE; pwd"], Environment = new Dictionary<string, string> { ["WHERE"] = "first" }, WorkingDirectory = "/usr" },
                new() { Device = _b, Command = "cat; echo [$WHERE]" },
            ],
        }));
        Assert.Equal("first\n/usr\n[]\n", await OutputAsync(ended));
    }

    [Fact]
    public async Task Pipeline_InASandbox_CarriesItsStreams()
    {
        Assert.SkipUnless(Operone.Agent.Shell.SandboxSupport.Refusal(new SandboxSpec(SandboxKind.Isolated)) is null, "this machine isolates nothing");
        var ended = await EndAsync(await CreateAsync(new CreatePipeline
        {
            Sandbox = "isolated",
            Stages = [new() { Device = _a, Command = "echo hello" }, new() { Device = _b, Command = "tr a-z A-Z" }],
        }));
        Assert.True(ended.Status == RunStatus.Succeeded, string.Join("; ", ended.Executions!.Select(e => e.Reason)));
        Assert.Equal("HELLO\n", await OutputAsync(ended));
    }

    [Fact]
    public async Task Pipeline_ThatIsNotOne_IsRefusedFieldByField()
    {
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/pipelines",
            new CreatePipeline { Stages = [new() { Device = _a }], Stdin = "text" }, OperoneJson.Default.CreatePipeline, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal(["stages", "stages[0].command", "stdin"], problem.Errors!.Keys.Order());
    }

    [Fact]
    public async Task Pipelines_Listed_AreRunsOfThatKindAlone()
    {
        var run = await CreateAsync((_a, "echo one"), (_b, "cat"));
        await EndAsync(run);
        var page = await Server.Owner.GetFromJsonAsync("/api/v1/pipelines?limit=500", OperoneJson.Default.PageRunView, Cancelled);
        Assert.Contains(page!.Items, r => r.Id == run.Id);
        Assert.All(page.Items, r => Assert.Contains(" | ", r.Command, StringComparison.Ordinal));
        var runs = await Server.Owner.GetFromJsonAsync("/api/v1/runs?limit=500", OperoneJson.Default.PageRunView, Cancelled);
        Assert.Contains(runs!.Items, r => r.Id == run.Id);
    }
}

[SupportedOSPlatform("linux")]
public sealed class PipelineTestsOnSqlite(SqliteFixture f) : PipelineTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class PipelineTestsOnPostgres(PostgresFixture f) : PipelineTests(f), IClassFixture<PostgresFixture>;
