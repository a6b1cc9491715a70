using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Hosting.Nodes;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Hosting.Nodes;

/// <summary>What is asked of one node about devices that are connected to another.</summary>
[SupportedOSPlatform("linux")]
public sealed class NodesTests(NodesFixture nodes) : IClassFixture<NodesFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_OnADeviceOfAnotherNode_RunsAndItsOutputIsHere()
    {
        var run = await RunAsync(nodes.First, "seq 1 20000; echo over >&2", "second");
        Assert.Equal(RunStatus.Succeeded, run.Status);
        var text = await nodes.First.Owner.GetStringAsync($"/api/v1/runs/{run.Id}/executions/{run.Executions![0].Id}/stdout", Cancelled);
        Assert.EndsWith("\n20000\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ThatWasLostOnItsWayToAnotherNode_IsSentAgain_AndSoIsACancel()
    {
        // Stored at one node, and never sent: as it is where Redis forgets the message.
        var device = ServiceOf<DeviceDirectory>(nodes.First).Find("second")!;
        var prepared = (await ServiceOf<RunStart>(nodes.First).PrepareAsync(
            Actor.System, new() { Command = "echo here; sleep 600" }, [device], new Dictionary<string, string>(), new Dictionary<string, string>(), Cancelled)).Value;
        await using (var db = nodes.First.OpenDatabase())
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Cancelled);
            await RunStart.InsertAsync(db, prepared, Cancelled);
            await transaction.CommitAsync(Cancelled);
        }

        var id = prepared.Run.Id;
        await BecomesAsync(RunStatus.Running, ExecutionStatus.Running);
        await using (var db = nodes.First.OpenDatabase())
        {
            await db.Set<Run>().Where(r => r.Id == id).ExecuteUpdateAsync(r => r.SetProperty(x => x.CancelledAt, DateTimeOffset.UtcNow), Cancelled);
        }

        await BecomesAsync(RunStatus.Cancelled, ExecutionStatus.Cancelled);

        Task BecomesAsync(RunStatus status, ExecutionStatus execution) => Eventually.BecomesAsync(
            async () => (await nodes.First.Owner.GetFromJsonAsync($"/api/v1/runs/{id}", OperoneJson.Default.RunView, Cancelled))! is var run
                && run.Status == status && run.Executions!.Single().Status == execution,
            $"the run is {status}", 60);
    }

    [Fact]
    public async Task RunStream_OnAnotherNode_TellsWhatIsPrintedAsItIs()
    {
        var run = await CreateAsync(nodes.First, new() { Command = "echo one; sleep 60", Target = new() { Devices = ["second"] } }, 0);
        using var stream = await nodes.First.Owner.GetStreamAsync(new Uri($"/api/v1/runs/{run.Id}/stream", UriKind.Relative), Cancelled).ContinueWith(s => new StreamReader(s.Result), Cancelled);
        while (!(await stream.ReadLineAsync(Cancelled))!.Contains(Convert.ToBase64String("one\n"u8), StringComparison.Ordinal))
        {
            // what came before it
        }

        using var cancel = await nodes.First.Owner.PostAsync(new Uri($"/api/v1/runs/{run.Id}/cancel", UriKind.Relative), null, Cancelled);
        Assert.True(cancel.IsSuccessStatusCode, await cancel.Content.ReadAsStringAsync(Cancelled));
        while (!(await stream.ReadLineAsync(Cancelled))!.Contains("cancelled", StringComparison.Ordinal))
        {
            // and it is ended on its device
        }
    }

    [Fact]
    public async Task Runs_OnDevicesOfBothNodes_AllEnd()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => RunAsync(i % 2 == 0 ? nodes.First : nodes.Second, "true", "first", "second")));
        Assert.All(all, run => Assert.Equal(RunStatus.Succeeded, run.Status));
    }

    [Fact]
    public async Task Terminal_OnADeviceOfAnotherNode_IsTypedInto_AndPeopleAtBothAreOneCompany()
    {
        var terminal = await OpenTerminalAsync(nodes.First, "second");
        await using var owner = await TerminalSeat.TakeAsync(nodes.First, terminal.Id);
        await owner.TypeAsync("echo far-$((20+1))\n");
        await owner.SeesAsync("far-21");

        // somebody else's seat is at the other node
        var person = await nodes.Second.CreatePersonAsync(BuiltInRoles.Operator);
        using var client = await nodes.Second.ClientAsync(person);
        await using var guest = await TerminalSeat.TakeAsync(nodes.Second, terminal.Id, token: client.DefaultRequestHeaders.Authorization!.Parameter!);
        await guest.SeesAsync("far-21");
        var company = await owner.HearsAsync(TerminalControls.People, c => c.People!.Count == 2);
        await guest.HearsAsync(TerminalControls.People, c => c.People!.Count == 2);
        var seen = (await nodes.First.Owner.GetFromJsonAsync($"/api/v1/terminals/{terminal.Id}", OperoneJson.Default.TerminalView, Cancelled))!;
        Assert.Equal(company.People!.Select(p => p.Id).Order(), seen.People.Select(p => p.Id).Order());

        await AllowAsync(true);
        await guest.HearsAsync(TerminalControls.Mode, c => c.MayType == true);
        await guest.TypeAsync("echo guest-$((20+2))\n");
        await owner.SeesAsync("guest-22");
        await AllowAsync(false);
        await guest.HearsAsync(TerminalControls.Mode, c => c.MayType == false);
        await guest.TypeAsync("echo guest-$((20+3))\n");
        await owner.TypeAsync("echo owner-$((20+4))\n");
        await owner.SeesAsync("owner-24");
        Assert.DoesNotContain("guest-23", owner.Text, StringComparison.Ordinal);
        using var one = await nodes.First.Owner.PatchAsJsonAsync(
            $"/api/v1/terminals/{terminal.Id}/people/{seen.People.Single(p => !p.IsOwner).Id}", new UpdateTerminalViewer(true), Cancelled);
        Assert.True(one.IsSuccessStatusCode, await one.Content.ReadAsStringAsync(Cancelled));
        await Eventually.BecomesAsync(() => Task.FromResult(guest.Controls.Last(c => c.Type == TerminalControls.Mode).MayType == true), "the guest may type again", 30);
        await guest.TypeAsync("echo guest-$((20+5))\n");
        await owner.SeesAsync("guest-25");

        using var ended = await nodes.Second.Owner.PostAsync(new Uri($"/api/v1/terminals/{terminal.Id}/end", UriKind.Relative), null, Cancelled);
        Assert.True(ended.IsSuccessStatusCode);
        await owner.HearsAsync(TerminalControls.Ended);

        async Task AllowAsync(bool mayType)
        {
            using var answer = await nodes.First.Owner.PatchAsJsonAsync($"/api/v1/terminals/{terminal.Id}", new UpdateTerminal(GuestsMayType: mayType), OperoneJson.Default.UpdateTerminal, Cancelled);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
        }
    }

    [Fact]
    public async Task Streams_OfADeviceOfAnotherNode_CarryAllOfIt()
    {
        var run = await CreateAsync(
            nodes.First, new() { Command = "tr a b", Stdin = StreamLimits.Word, Stdout = StreamLimits.Word, Target = new() { Devices = ["second"] } }, 0);
        var bytes = Enumerable.Repeat((byte)'a', 20_000_000).ToArray();
        var feeding = nodes.First.Owner.PutAsync(new Uri($"/api/v1/runs/{run.Id}/executions/second/stdin", UriKind.Relative), new ByteArrayContent(bytes), Cancelled);
        var printed = await nodes.First.Owner.GetByteArrayAsync(new Uri($"/api/v1/runs/{run.Id}/executions/second/stdout", UriKind.Relative), Cancelled);
        using var fed = await feeding;
        Assert.True(fed.IsSuccessStatusCode, await fed.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(bytes.Length, printed.Length);
        Assert.Equal(-1, printed.AsSpan().IndexOfAnyExcept((byte)'b'));
    }

    [Fact]
    public async Task Pipeline_FromADeviceOfOneNodeToOneOfAnother_IsJoined()
    {
        using var created = await nodes.Second.Owner.PostAsJsonAsync(
            "/api/v1/pipelines",
            new CreatePipeline { Stages = [new() { Device = "first", Command = "seq 1 100000" }, new() { Device = "second", Command = "wc -l" }] },
            OperoneJson.Default.CreatePipeline, Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, created.StatusCode);
        var run = (await created.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
        run = (await nodes.Second.Owner.GetFromJsonAsync($"/api/v1/pipelines/{run.Id}?waitSeconds=60", OperoneJson.Default.RunView, Cancelled))!;
        Assert.True(run.Status == RunStatus.Succeeded, string.Join("; ", run.Executions!.Select(e => $"{e.DeviceName} {e.Status} {e.Reason}")));
        Assert.Equal("100000\n", await nodes.First.Owner.GetStringAsync($"/api/v1/runs/{run.Id}/executions/{run.Executions![1].Id}/stdout", Cancelled));
    }

    [Fact]
    public async Task Device_ThatComesBackAtAnotherNode_IsReachedThere_AndTheOldConnectionIsEnded()
    {
        using var temp = new TempFolder();
        await using var gate = new TcpGate(new Uri(nodes.First.Url).Port);
        var name = $"mover-{Guid.NewGuid():N}"[..16];
        var token = await nodes.First.CreateEnrollmentTokenAsync();
        var (code, _, error) = await AgentUnderTest.CallAsync(
            temp["s"], "enroll", "--server", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{gate.Port}"), "--token", token.Token!, "--name", name);
        Assert.True(code == 0, error);
        await using var agent = AgentUnderTest.Run(temp["s"]);
        await nodes.Second.WaitForOnlineAsync(name);
        var run = await CreateAsync(nodes.Second, new() { Command = "sleep 2; echo whole", Target = new() { Devices = [name] } }, 0);

        await gate.ShutAsync();
        gate.Target = new Uri(nodes.Second.Url).Port;
        gate.Open();
        await Eventually.BecomesAsync(() => Task.FromResult(IsHere(nodes.Second, name) && !IsHere(nodes.First, name)), "the device is at the second node", 60);
        run = (await nodes.First.Owner.GetFromJsonAsync($"/api/v1/runs/{run.Id}?waitSeconds=60", OperoneJson.Default.RunView, Cancelled))!;
        Assert.Equal(RunStatus.Succeeded, run.Status);
        Assert.Equal("whole\n", await nodes.First.Owner.GetStringAsync($"/api/v1/runs/{run.Id}/executions/{run.Executions![0].Id}/stdout", Cancelled));
        Assert.Equal(RunStatus.Succeeded, (await RunAsync(nodes.First, "true", name)).Status);
    }

    [Fact]
    public async Task Device_RenamedAndRemovedAtOneNode_IsSoAtTheOther()
    {
        using var temp = new TempFolder();
        var name = $"leaver-{Guid.NewGuid():N}"[..16];
        await using var agent = await AgentUnderTest.EnrolAndRunAsync(nodes.Second, temp["s"], name);
        await nodes.First.WaitForOnlineAsync(name);
        using var renamed = await nodes.First.Owner.PatchAsJsonAsync($"/api/v1/devices/{name}", new UpdateDevice($"{name}-x", new Dictionary<string, string> { ["tier"] = "gold" }), Cancelled);
        Assert.True(renamed.IsSuccessStatusCode, await renamed.Content.ReadAsStringAsync(Cancelled));
        await Eventually.BecomesAsync(async () => (await RunAsync(nodes.Second, "true", new RunTarget { Selector = "tier=gold" }))?.Executions?[0].DeviceName == $"{name}-x", "it is aimed at by its new label", 30);

        using var removed = await nodes.First.Owner.DeleteAsync(new Uri($"/api/v1/devices/{name}-x", UriKind.Relative), Cancelled);
        Assert.True(removed.IsSuccessStatusCode);
        await Eventually.BecomesAsync(async () =>
        {
            using var found = await nodes.Second.Owner.GetAsync(new Uri($"/api/v1/devices/{name}-x", UriKind.Relative), Cancelled);
            return found.StatusCode == HttpStatusCode.NotFound;
        }, "it is gone at the other node", 30);
        var (ended, _) = await agent.EndAsync();
        Assert.NotEqual(137, ended);
    }

    [Fact]
    public async Task Channel_ForANodeThatIsNotThere_IsRefusedInWords()
    {
        using var answer = await nodes.First.Anonymous.GetAsync(new Uri($"/channels/{Guid.NewGuid():N}?node={Guid.NewGuid():N}", UriKind.Relative), Cancelled);
        Assert.EndsWith("/channel-node-gone", (await OperoneServer.ReadProblemAsync(answer)).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Channel_HandedOnWithoutACredential_IsRefusedByTheNodeThatWaits()
    {
        using var answer = await nodes.First.Anonymous.GetAsync(new Uri($"/channels/{Guid.NewGuid():N}?node={IdOf(nodes.Second):N}", UriKind.Relative), Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private static T ServiceOf<T>(OperoneServer node)
        where T : notnull => node.Services.GetRequiredService<T>();

    private static Guid IdOf(OperoneServer node) => ServiceOf<INodeBus>(node).Id;

    private static bool IsHere(OperoneServer node, string device)
    {
        var directory = ServiceOf<DeviceDirectory>(node);
        return directory.Find(device) is { } found && directory.IsHere(found.Id);
    }

    private static Task<RunView> RunAsync(OperoneServer node, string command, params string[] devices) =>
        RunAsync(node, command, new RunTarget { Devices = devices })!;

    private static async Task<RunView?> RunAsync(OperoneServer node, string command, RunTarget target)
    {
        using var response = await node.Owner.PostAsJsonAsync("/api/v1/runs?waitSeconds=60", new CreateRun { Command = command, Target = target }, OperoneJson.Default.CreateRun, Cancelled);
        return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled) : null;
    }

    private static async Task<RunView> CreateAsync(OperoneServer node, CreateRun request, int waitSeconds)
    {
        using var response = await node.Owner.PostAsJsonAsync($"/api/v1/runs?waitSeconds={waitSeconds}", request, OperoneJson.Default.CreateRun, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
    }

    private static async Task<TerminalView> OpenTerminalAsync(OperoneServer node, string device)
    {
        using var response = await node.Owner.PostAsJsonAsync("/api/v1/terminals", new CreateTerminal { Device = device, Argv = ["sh"] }, OperoneJson.Default.CreateTerminal, Cancelled);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.TerminalView, Cancelled))!;
    }
}
