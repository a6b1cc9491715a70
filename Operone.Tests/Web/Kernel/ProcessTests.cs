using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Kernel;
using Operone.Core.Shell;
using Operone.Tests.Agent.Cli;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Files;
using Operone.Web.Kernel.Processes;
using Xunit;

namespace Operone.Tests.Web.Kernel;

[SupportedOSPlatform("linux")]
public sealed class ProcessesOnSqlite(SqliteFixture f) : ProcessTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class ProcessesOnPostgres(PostgresFixture f) : ProcessTests(f), IClassFixture<PostgresFixture>;

/// <summary>Processes over REST, down to a real device.</summary>
[SupportedOSPlatform("linux")]
public abstract class ProcessTests(ServerFixture fixture) : FileScene(fixture)
{
    private readonly List<Process> _started = [];
    private readonly List<Guid> _runs = [];

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var process in _started)
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
        }

        // what an execution has started goes on without its agent
        foreach (var run in _runs)
        {
            using var cancelled = await Server.Owner.PostAsync($"/api/v1/runs/{run}/cancel", null);
            using var ended = await Server.Owner.PostAsync($"/api/v1/terminals/{run}/end", null);
        }

        if (_runs.Count > 0)
        {
            await EventuallyAsync(async () => !(await ListAsync()).Processes.Any(p => p.Part == ProcessPart.Command), "the end of what was started", 30);
        }

        await base.DisposeAsync();
    }

    [Fact]
    public async Task List_OfARealDevice_HasEachProcessAsItIs()
    {
        var mark = Mark();
        var process = Start("sh", "-c", "while :; do :; done", mark, "two\nlines\e[2J");
        var list = await EventuallyAsync(async () => await ListAsync() is { } now && now.Processes.SingleOrDefault(p => p.Pid == process.Id)?.Cpu > 1 ? now : null, "it is busy");
        Assert.True(list.Total > 5 && list.Cores == Environment.ProcessorCount && list.MemoryTotal > 1 << 20);
        var seen = list.Processes.Single(p => p.Pid == process.Id);
        Assert.Equal(["sh", "-c", "while :; do :; done", mark, "two\nlines\e[2J"], seen.Arguments);
        Assert.Equal($"sh -c 'while :; do :; done' {mark} 'two\\nlines\\e[2J'", seen.Command);
        Assert.Equal((Environment.ProcessId, Environment.UserName, 1), (seen.Parent, seen.User, seen.Threads));
        Assert.True(seen.Memory > 100_000, $"{seen}");
        Assert.InRange(seen.StartedAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Equal(ProcessPart.Agent, list.Processes.Single(p => p.Pid == Agent.ProcessId).Part);
        Assert.Equal(list.Processes.OrderByDescending(p => p.Cpu ?? -1).Select(p => p.Cpu), list.Processes.Select(p => p.Cpu));

        var found = await ListAsync($"?filter={mark}&tree=true&sort=-pid");
        Assert.Equal(process.Id, found.Processes[^1].Pid);
        Assert.Equal(found.Processes.Count - 1, found.Processes[^1].Depth);
        Assert.Equal(list.Total > 5, found.Total > found.Processes.Count);
    }

    [Fact]
    public async Task Look_AtAProcess_HasItsFilesAndSaysWhatCannotBeHad()
    {
        var path = Path.Combine(Folder, "held open");
        var process = Start("sh", "-c", $"exec 7>'{path}'; echo ready; exec sleep 600");
        var details = await EventuallyAsync(async () => await GetAsync<ProcessDetailsView>($"/{process.Id}") is { } now && now.Files!.Any(f => f.Number == 7) && now.Executable?.EndsWith("sleep", StringComparison.Ordinal) == true ? now : null, "the file");
        Assert.Contains(new ProcessFile(7, path), details.Files!);
        Assert.Equal(details.Files!.Count, details.FileCount);
        Assert.True(details.Proportional > 0 && details.Virtual > details.Proportional && details.CpuSeconds >= 0);
        Assert.Equal("process-gone", await RefusedAsync(HttpMethod.Get, Address($"/{process.Id}?start={details.Process.Start + 1}"), HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task ProcessesOfARun_AreNamedAfterIt_AndThoseOfATerminalToo()
    {
        var mark = Mark();
        using var made = await SendAsync(HttpMethod.Post, new("/api/v1/runs", UriKind.Relative), HttpStatusCode.Accepted, JsonContent.Create(new CreateRun
        {
            Target = new RunTarget([Device]),
            Argv = ["sh", "-c", $"sh -c 'sleep 600; :' {mark}-inner & wait", mark],
        }, OperoneJson.Default.CreateRun));
        var run = (await made.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
        _runs.Add(run.Id);
        var found = await EventuallyAsync(async () => (await ListAsync()).Processes.Where(p => p.Owner?.Id == run.Id).ToArray() is { Length: >= 4 } all && all.Any(p => p.Name == "sleep") ? all : null, "its processes");
        Assert.All(found, p => Assert.Equal(ProcessOwnerKind.Run, p.Owner!.Kind));
        Assert.Single(found, p => p.Part == ProcessPart.Host);
        Assert.Contains(found, p => p.Part == ProcessPart.Command && p.Command.Contains($"{mark}-inner", StringComparison.Ordinal));
        Assert.Contains(found, p => p.Part == ProcessPart.Command && p.Name == "sleep");

        // who may not see runs is told that it is one, and not which
        using var other = await Server.ClientWithAsync(Permissions.DevicesRead, Permissions.ProcessesRead);
        var seen = (await other.GetFromJsonAsync(Address(), OperoneJson.Default.ProcessListView, Cancelled))!;
        Assert.Equal(new ProcessOwner(ProcessOwnerKind.Run, null), seen.Processes.Single(p => p.Pid == found[0].Pid).Owner);

        using var opened = await SendAsync(HttpMethod.Post, new("/api/v1/terminals", UriKind.Relative), HttpStatusCode.Created, JsonContent.Create(
            new CreateTerminal { Device = Device, Argv = ["sleep", "600"] }, OperoneJson.Default.CreateTerminal));
        var terminal = (await opened.Content.ReadFromJsonAsync(OperoneJson.Default.TerminalView, Cancelled))!;
        _runs.Add(terminal.Id);
        await EventuallyAsync(
            async () => (await ListAsync()).Processes.Any(p => p.Owner == new ProcessOwner(ProcessOwnerKind.Terminal, terminal.Id) && p.Name == "sleep"), "the terminal's process");
    }

    [Fact]
    public async Task RunThatHoldsSecrets_IsShownWithoutItsArguments()
    {
        var name = Mark();
        using (await SendAsync(HttpMethod.Post, new("/api/v1/environments", UriKind.Relative), HttpStatusCode.Created, JsonContent.Create(
            new WriteEnvironment(name, Secrets: new Dictionary<string, string?> { ["TOKEN"] = "the-secret-itself" }), OperoneJson.Default.WriteEnvironment)))
        {
        }

        using var made = await SendAsync(HttpMethod.Post, new("/api/v1/runs", UriKind.Relative), HttpStatusCode.Accepted, JsonContent.Create(new CreateRun
        {
            Target = new RunTarget([Device]),
            Argv = ["sh", "-c", "sh -c 'sleep 600; :' x $TOKEN & wait"],
            Environments = [name],
        }, OperoneJson.Default.CreateRun));
        var run = (await made.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
        _runs.Add(run.Id);
        var found = await EventuallyAsync(async () => (await ListAsync()).Processes.Where(p => p.Owner?.Id == run.Id && p.Part == ProcessPart.Command).ToArray() is { Length: >= 3 } all ? all : null, "its processes");
        Assert.All(found, p => Assert.True(p.Withheld && p.Arguments is null, $"{p}"));
        var look = await GetAsync<ProcessDetailsView>($"/{found[0].Pid}");
        Assert.True(look.Process is { Withheld: true, Arguments: null });
        Assert.DoesNotContain("the-secret-itself", await Server.Owner.GetStringAsync(Address(), Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_TellsWhatChanges_AndTheNodeWatchesOnceForAllWhoLook()
    {
        var watches = Server.Services.GetRequiredService<ProcessWatches>();
        await EventuallyAsync(() => Task.FromResult(watches.Count == 0), "nobody looks as yet: the node hears later of a look that an earlier test has ended");
        using (var first = await WatchAsync())
        using (var second = await WatchAsync())
        {
            await first.SeesAsync(p => p.Whole && p.Processes.Count > 5, "all");
            await second.SeesAsync(p => p.Whole && p.Processes.Count > 5, "all");
            Assert.Equal(1, watches.Count);
            var process = Start("sleep", "601");
            var came = await first.SeesAsync(p => !p.Whole && p.Processes.Any(q => q.Pid == process.Id), "the new one");
            var start = came.Processes.Single(q => q.Pid == process.Id).Start;
            await second.SeesAsync(p => p.Processes.Any(q => q.Pid == process.Id), "the new one");
            process.Kill();
            await process.WaitForExitAsync(Cancelled);
            await first.SeesAsync(p => p.Gone?.Contains(new ProcessIdentity(process.Id, start)) == true, "its end");
        }

        await EventuallyAsync(() => Task.FromResult(watches.Count == 0), "nobody looks any more");
    }

    [Fact]
    public async Task Stream_OfADeviceThatGoes_SaysSo_AndGoesOnWhenItIsBack()
    {
        using var stream = await WatchAsync();
        await stream.SeesAsync(p => p.Whole, "all");
        await Agent.KillAsync();
        await stream.HearsAsync("problem", "that it is away");
        Agent = Operone.Tests.Agent.Hosting.AgentUnderTest.Run(State);
        await stream.SeesAsync(p => p.Whole && p.Processes.Any(q => q.Pid == Agent.ProcessId), "all, with the new agent", 60);
    }

    [Fact]
    public async Task Signal_GoesToTheProcessThatWasSeen_AndToNoOther()
    {
        var process = Start("sleep", "602");
        var seen = (await ListAsync()).Processes.Single(p => p.Pid == process.Id);
        Assert.Equal("invalid-input", await SignalRefusedAsync(process.Id, new SignalProcess(), HttpStatusCode.BadRequest));
        Assert.Equal("invalid-input", await SignalRefusedAsync(process.Id, new SignalProcess(seen.Start, "NONE"), HttpStatusCode.BadRequest));
        Assert.Equal("process-gone", await SignalRefusedAsync(process.Id, new SignalProcess(seen.Start - 1, "KILL"), HttpStatusCode.NotFound));
        Assert.False(process.HasExited);
        using var viewer = await Server.ClientWithAsync(Permissions.DevicesRead, Permissions.ProcessesRead);
        using (var denied = await viewer.PostAsJsonAsync(Address($"/{process.Id}/signal"), new SignalProcess(seen.Start), OperoneJson.Default.SignalProcess, Cancelled))
        {
            Assert.Equal(HttpStatusCode.Forbidden, denied.StatusCode);
        }

        using var sent = await SendAsync(HttpMethod.Post, Address($"/{process.Id}/signal"), HttpStatusCode.OK, JsonContent.Create(new SignalProcess(seen.Start, "sigterm"), OperoneJson.Default.SignalProcess));
        var done = (await sent.Content.ReadFromJsonAsync(OperoneJson.Default.ProcessSignalled, Cancelled))!;
        Assert.Equal([new SignalledProcess(process.Id, "sleep")], done.Signalled);
        await process.WaitForExitAsync(Cancelled);
        Assert.Equal(128 + 15, process.ExitCode);
        await EventuallyAsync(async () => (await Server.Owner.GetStringAsync($"/api/v1/audit?action=process.signal&target={Device}", Cancelled)) is var text
            && text.Contains($"TERM to process {process.Id}: sleep ({process.Id})", StringComparison.Ordinal) && text.Contains("has ended", StringComparison.Ordinal), "the audit entries");
        await EventuallyAsync(async () => (await Server.Owner.GetStringAsync("/api/v1/events?type=process.signalled", Cancelled)).Contains(Device, StringComparison.Ordinal), "the event");
    }

    [Fact]
    public async Task SignalToTheAgent_OrToWhatItDescendsFrom_IsRefused()
    {
        var all = (await ListAsync()).Processes;
        var agent = all.Single(p => p.Pid == Agent.ProcessId);
        Assert.Equal("process-refused", await SignalRefusedAsync(agent.Pid, new SignalProcess(agent.Start), HttpStatusCode.UnprocessableEntity));
        var above = all.Single(p => p.Pid == Environment.ProcessId);
        Assert.Equal("process-refused", await SignalRefusedAsync(above.Pid, new SignalProcess(above.Start, "WINCH", Tree: true), HttpStatusCode.UnprocessableEntity));
        Assert.Equal("process-refused", await SignalRefusedAsync(1, new SignalProcess(all.Single(p => p.Pid == 1).Start, "WINCH"), HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task Tree_ThatForksAllTheTime_IsKilledWhole()
    {
        var mark = Mark();
        var process = Start("sh", "-c", $"while :; do sh -c 'sh -c \"sleep 5; :\" {mark}; :' {mark} & sleep 0.02; done", mark);
        await EventuallyAsync(async () => (await ListAsync($"?filter={mark}")).Processes.Count > 20, "many");
        var seen = (await ListAsync()).Processes.Single(p => p.Pid == process.Id);
        using (await SendAsync(HttpMethod.Post, Address($"/{process.Id}/signal"), HttpStatusCode.OK, JsonContent.Create(new SignalProcess(seen.Start, "KILL", Tree: true), OperoneJson.Default.SignalProcess)))
        {
        }

        // one that was in the middle of its end when it was looked at shows as ended for a moment
        await EventuallyAsync(async () => (await ListAsync($"?filter={mark}")).Processes.All(p => p.State == ProcessState.Ended), "nothing left");
    }

    [Fact]
    public async Task Top_NamesWhoUsesMost_AndWhoHasNotAnswered()
    {
        await using var silent = await Server.ConnectAsync($"fake-{Guid.NewGuid():N}"[..16]);
        await using var away = await FakeAgent.EnrollAsync(Server, (await Server.CreateEnrollmentTokenAsync()).Token!, $"away-{Guid.NewGuid():N}"[..16]);
        var top = (await Server.Owner.GetFromJsonAsync("/api/v1/processes/top?by=memory&limit=5", OperoneJson.Default.TopView, Cancelled))!;
        Assert.True(top.Devices >= 3 && top.Answered >= 1 && top.Total > 5);
        Assert.Equal(5, top.Processes.Count);
        Assert.Equal(top.Processes.OrderByDescending(p => p.Process.Memory).Select(p => p.Process.Memory), top.Processes.Select(p => p.Process.Memory));
        Assert.Contains(top.Processes, p => p.Device == Device && p.MemoryShare > 0);
        Assert.Contains("offline", top.Silent.Single(s => s.Device == away.Name).Reason + " offline", StringComparison.Ordinal);
        Assert.Contains("6 seconds", top.Silent.Single(s => s.Device == silent.Name).Reason, StringComparison.Ordinal);
        using var bad = await Server.Owner.GetAsync("/api/v1/processes/top?by=name", Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    [Fact]
    public async Task CommandLine_ListsComparesAndEnds()
    {
        var mark = Mark();
        var seconds = Random.Shared.Next(10_000, 99_999); // the tests of the other database look at the same machine
        var process = Start("sh", "-c", $"sleep {seconds}; :", mark, "\e]0;title\a");
        using var terminal = Terminal();
        Assert.Equal(0, await terminal.RunAsync("ps", Device, "-q", mark, "--tree"));
        var lines = terminal.Output.Split('\n');
        Assert.StartsWith("PID", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, l => l.StartsWith($"{process.Id} ", StringComparison.Ordinal) && l.EndsWith($"sh -c 'sleep {seconds}; :' {mark} '\\e]0;title\\x07'", StringComparison.Ordinal));

        using var json = Terminal();
        Assert.Equal(0, await json.RunAsync("ps", Device, "--sort", "memory", "-n", "3", "--json"));
        Assert.Equal(3, JsonDocument.Parse(json.Output).RootElement.GetProperty("processes").GetArrayLength());

        using var top = Terminal();
        Assert.InRange(await top.RunAsync("top", "--sort", "memory", "-n", "3"), 0, 1);
        Assert.Contains(Device, top.Output, StringComparison.Ordinal);

        using var kill = Terminal();
        Assert.Equal(0, await kill.RunAsync("kill", Device, $"{process.Id}", "--tree", "--signal", "KILL"));
        Assert.Equal($"{process.Id} sh", kill.Output.Split('\n')[0]);
        await process.WaitForExitAsync(Cancelled);
        await EventuallyAsync(async () => (await ListAsync($"?filter=sleep%20{seconds}")).Processes.All(p => p.State == ProcessState.Ended), "nothing left");

        using var gone = Terminal();
        Assert.Equal(2, await gone.RunAsync("kill", Device, "2147483646"));
        Assert.Contains("no such process", gone.Error, StringComparison.OrdinalIgnoreCase);
        using var wrong = Terminal();
        Assert.Equal(2, await wrong.RunAsync("kill", Device, "1", "-s", "NOPE"));
    }

    private FakeTerminal Terminal()
    {
        var terminal = new FakeTerminal { Time = TimeProvider.System };
        (terminal.Variables["OPERONE_URL"], terminal.Variables["OPERONE_TOKEN"]) = (Server.Url, OperoneServer.OwnerToken);
        return terminal;
    }

    private static string Mark() => $"mark-{Guid.NewGuid():N}"[..20];

    private Process Start(string program, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        _started.Add(process);
        return process;
    }

    private Uri Address(string below = "") => new($"/api/v1/devices/{Device}/processes{below}", UriKind.Relative);

    private async Task<ProcessListView> ListAsync(string query = "") => await GetAsync<ProcessListView>(query);

    private async Task<T> GetAsync<T>(string below)
    {
        using var response = await SendAsync(HttpMethod.Get, Address(below), HttpStatusCode.OK);
        return (T)(await response.Content.ReadFromJsonAsync(typeof(T), OperoneJson.Default, Cancelled))!;
    }

    private Task<string> SignalRefusedAsync(int pid, SignalProcess signal, HttpStatusCode status) =>
        RefusedAsync(HttpMethod.Post, Address($"/{pid.ToString(CultureInfo.InvariantCulture)}/signal"), status, JsonContent.Create(signal, OperoneJson.Default.SignalProcess));

    private async Task<WatchedStream> WatchAsync() =>
        new(await SendAsync(HttpMethod.Get, Address("/stream?interval=500"), HttpStatusCode.OK, null, null, ("Accept", "text/event-stream")));

    /// <summary>A stream of processes, read as it comes.</summary>
    private sealed class WatchedStream(HttpResponseMessage response) : IDisposable
    {
        private StreamReader? _reader;

        public async Task<ProcessChanges> SeesAsync(Func<ProcessChanges, bool> what, string name, double seconds = 30)
        {
            while (true)
            {
                var changes = JsonSerializer.Deserialize(await HearsAsync("processes", name, seconds), OperoneJson.Default.ProcessChanges)!;
                if (what(changes))
                {
                    return changes;
                }
            }
        }

        public async Task<string> HearsAsync(string type, string what, double seconds = 30)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            patience.CancelAfter(TimeSpan.FromSeconds(seconds));
            _reader ??= new StreamReader(await response.Content.ReadAsStreamAsync(patience.Token));
            var heard = "";
            while (true)
            {
                var line = await _reader.ReadLineAsync(patience.Token) ?? throw new InvalidOperationException($"The stream ended before it told of {what}.");
                heard = line.StartsWith("event: ", StringComparison.Ordinal) ? line[7..] : heard;
                if (heard == type && line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    return line[6..];
                }
            }
        }

        public void Dispose()
        {
            _reader?.Dispose();
            response.Dispose();
        }
    }
}
