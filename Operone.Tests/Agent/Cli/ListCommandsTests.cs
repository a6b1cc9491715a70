using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class ListCommandsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Devices_Some_AreATable()
    {
        await using var api = await FakeApi.StartAsync();
        api.Devices.Add(FakeApi.NewDevice("web-1", labels: [("role", "web"), ("env", "prod")]));
        api.Devices.Add(FakeApi.NewDevice("db", DeviceStatus.Offline, Now.AddMinutes(-5)));
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new FakeTimeProvider(Now);

        Assert.Equal(0, await terminal.RunAsync("devices"));
        Assert.Equal(
            """
            NAME   STATUS   LABELS             OS         SEEN    AGENT
            web-1  online   env=prod,role=web  Debian 12  now     0.1.0
            db     offline                     Debian 12  5m ago  0.1.0

            """, terminal.Output);
        Assert.Empty(terminal.Error);
    }

    [Fact]
    public async Task Devices_ManyPages_AreAllListed()
    {
        await using var api = await FakeApi.StartAsync();
        api.Devices.AddRange(Enumerable.Range(0, 450).Select(i => FakeApi.NewDevice($"d{i}")));
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("devices", "--json"));
        using var json = JsonDocument.Parse(terminal.Output);
        Assert.Equal(450, json.RootElement.GetArrayLength());
        Assert.Equal("d449", json.RootElement[449].GetProperty("name").GetString());
        Assert.Equal(3, api.Requests.Count);
    }

    [Fact]
    public async Task Devices_Filters_GoToTheServerEscaped()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("devices", "-l", "env=prod,role in (web, db)", "--status", "online", "-q", "a&b"));
        Assert.Contains("selector=env%3Dprod%2Crole%20in%20%28web%2C%20db%29&status=online&q=a%26b", Assert.Single(api.Requests), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("no device matches", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(terminal.Output);
    }

    [Fact]
    public async Task Devices_Refused_ShowsTheProblem()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnAny = async context =>
        {
            await FakeApi.ProblemAsync(context, 400, "malformed-selector", "The selector cannot be read.", "In 'a b' at character 3.", new() { ["selector"] = ["at character 3: expected"] });
            return true;
        };
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(2, await terminal.RunAsync("devices", "-l", "a b"));
        Assert.Equal("operone: The selector cannot be read. In 'a b' at character 3.\n  selector: at character 3: expected\n", terminal.Error);
    }

    [Fact]
    public async Task Devices_NameWithEscapeCodes_DoesNotSteerTheTerminal()
    {
        await using var api = await FakeApi.StartAsync();
        api.Devices.Add(FakeApi.NewDevice("a\e[2Jb\nc"));
        using var terminal = FakeTerminal.For(api);

        await terminal.RunAsync("devices");
        Assert.DoesNotContain("\e", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("a?[2Jb c ", terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Devices_OnATerminal_HasColoursUnlessNoColor()
    {
        await using var api = await FakeApi.StartAsync();
        api.Devices.Add(FakeApi.NewDevice("a"));
        using var colourful = FakeTerminal.For(api);
        colourful.IsTerminal = true;
        await colourful.RunAsync("devices");
        Assert.Contains("\e[32monline\e[0m", colourful.Output, StringComparison.Ordinal);

        using var plain = FakeTerminal.For(api);
        plain.IsTerminal = true;
        plain.Variables["NO_COLOR"] = "1";
        await plain.RunAsync("devices");
        Assert.DoesNotContain("\e", plain.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_Limit_StopsThere()
    {
        await using var api = await FakeApi.StartAsync();
        api.Runs.AddRange(Enumerable.Range(0, 300).Select(_ => FakeApi.NewRun(ExecutionStatus.Succeeded, "a", "b")));
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new FakeTimeProvider(Now);

        Assert.Equal(0, await terminal.RunAsync("runs", "--limit", "150", "--status", "succeeded"));
        var lines = terminal.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(151, lines.Length);
        Assert.Contains(api.Runs[149].Id.ToString(), lines[150], StringComparison.Ordinal);
        Assert.Contains("1m 12s", lines[150], StringComparison.Ordinal);
        Assert.All(api.Requests, r => Assert.Contains("status=succeeded", r, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cancel_Run_AsksTheServer()
    {
        await using var api = await FakeApi.StartAsync();
        api.Run = FakeApi.NewRun(ExecutionStatus.Running, "a");
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("cancel", api.Run.Id.ToString()));
        Assert.True(api.Cancelled.Task.IsCompleted);
        api.Run = api.Run with { NotCancelled = ["db-1"] };
        await terminal.RunAsync("cancel", api.Run.Id.ToString());
        Assert.EndsWith("but not where you may not run commands: db-1\n", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, await terminal.RunAsync("cancel", "nonsense"));
        Assert.Contains("'nonsense' is not the id of a run", terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("devcies", "there is no command 'devcies'; did you mean 'devices'?")]
    [InlineData("xyzzy", "there is no command 'xyzzy'")]
    [InlineData("devices surplus", "surplus")]
    [InlineData("devices --status maybe", "maybe")]
    [InlineData("runs --limit 0", "--limit must be at least 1")]
    [InlineData("run -d a", "which command?")]
    [InlineData("run -- true", "which devices?")]
    [InlineData("run -d a --timeout soon -- true", "'soon' is not a duration")]
    [InlineData("run -d a --output-limit much -- true", "'much' is not a size")]
    [InlineData("run -d a --timeout 31d -- true", "timeoutSeconds")]
    [InlineData("run -d a --env =x -- true", "should be NAME=VALUE")]
    [InlineData("run -d a --interpreter sh -- true", "goes with --script")]
    [InlineData("run -d a --script f -- true", "takes the place of a command")]
    [InlineData("run -d a --script /no/such/file", "There is no file '/no/such/file'")]
    [InlineData("run -l a=(b --script /dev/null", "target.selector")]
    public async Task CommandLine_Wrong_IsRefusedWithoutAskingTheServer(string line, string says)
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(2, await terminal.RunAsync(line.Split(' ')));
        Assert.Contains(says, terminal.Error, StringComparison.Ordinal);
        Assert.Empty(terminal.Output);
        Assert.Empty(api.Requests);
    }

    [Fact]
    public async Task Help_OfEachCommand_HasAnExample()
    {
        foreach (var command in new[] { "login", "logout", "devices", "run", "runs", "logs", "cancel", "completion" })
        {
            using var terminal = new FakeTerminal();
            Assert.Equal(0, await terminal.RunAsync(command, "--help"));
            Assert.Contains("Example", terminal.Output, StringComparison.Ordinal);
            Assert.Equal(1, terminal.Output.Split("--help").Length - 1);
        }
    }

    [Fact]
    public async Task Terminals_Open_AreATable()
    {
        await using var api = await FakeApi.StartAsync();
        api.Terminals.Add(FakeApi.NewTerminal("web-1", id: new Guid("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c"), title: "deploy\e[2J"));
        api.Terminals.Add(FakeApi.NewTerminal("db", ExecutionStatus.Succeeded));
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddHours(3));

        Assert.Equal(0, await terminal.RunAsync("terminals"));
        Assert.Equal(
            """
            TERMINAL                              DEVICE  OWNER  STATE    SINCE   PEOPLE  TITLE
            0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c  web-1   anna   running  3h ago  0       deploy?[2J

            """, terminal.Output);
    }

    [Fact]
    public async Task Terminals_All_HasTheEndedOnesToo()
    {
        await using var api = await FakeApi.StartAsync();
        api.Terminals.AddRange([FakeApi.NewTerminal("web-1"), FakeApi.NewTerminal("db", ExecutionStatus.Succeeded)]);
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("terminals", "--all", "--json"));
        using var json = JsonDocument.Parse(terminal.Output);
        Assert.Equal(2, json.RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Terminals_None_SaysHowToOpenOne()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("terminals"));
        Assert.Contains("'operone shell DEVICE' opens one", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TerminalsEnd_ByPrefix_EndsIt()
    {
        await using var api = await FakeApi.StartAsync();
        api.Terminals.Add(FakeApi.NewTerminal("web-1", id: new Guid("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c")));
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("terminals", "end", "0199"));
        Assert.Contains(api.Requests, r => r == "POST /api/v1/terminals/0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c/end");
        Assert.Contains("on web-1 is being ended", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, await terminal.RunAsync("terminals", "end", "ff"));
    }
}
