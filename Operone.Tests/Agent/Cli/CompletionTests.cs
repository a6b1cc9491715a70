using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("operone run -d web", "web-1,web-2")]
    [InlineData("operone run -d web-1,w", "web-1,web-1,web-1,web-2")]
    [InlineData("operone shell web", "web-1,web-2")]
    [InlineData("operone shell --attach ", "0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c")]
    [InlineData("operone terminals end ", "0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c")]
    [InlineData("operone dev", "devices")]
    [InlineData("operone logs -", "--follow,--help,--stream,-?,-f,-h")]
    [InlineData("operone logs --s", "--stream")]
    [InlineData("operone devices --status o", "offline,online")]
    public async Task Suggest_OnTheWay_GivesWhatFits(string line, string expected)
    {
        await using var api = await FakeApi.StartAsync();
        api.Devices.AddRange([FakeApi.NewDevice("web-1"), FakeApi.NewDevice("web-2"), FakeApi.NewDevice("db-1")]);
        api.Terminals.Add(FakeApi.NewTerminal("web-1", id: new Guid("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c")));
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync($"[suggest:{line.Length}]", line));
        Assert.Equal(expected, string.Join(',', terminal.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Empty(terminal.Error);
    }

    [Fact]
    public async Task Suggest_Run_GivesIds()
    {
        await using var api = await FakeApi.StartAsync();
        api.Runs.Add(FakeApi.NewRun(ExecutionStatus.Succeeded, "a"));
        using var terminal = FakeTerminal.For(api);

        await terminal.RunAsync("[suggest:13]", "operone logs ");
        Assert.Equal($"{api.Runs[0].Id}\n", terminal.Output);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("http://127.0.0.1:1")]
    public async Task Suggest_NoServer_IsSilent(string? url)
    {
        using var terminal = new FakeTerminal();
        if (url is not null)
        {
            terminal.Variables["OPERONE_URL"] = url;
            terminal.Variables["OPERONE_TOKEN"] = "x";
        }

        Assert.Equal(0, await terminal.RunAsync("[suggest:15]", "operone run -d "));
        Assert.Empty(terminal.Output.Trim());
        Assert.Empty(terminal.Error);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("powershell")]
    public async Task Completion_KnownShell_PrintsItsScript(string shell)
    {
        using var terminal = new FakeTerminal();
        Assert.Equal(0, await terminal.RunAsync("completion", shell));
        Assert.Contains("[suggest:", terminal.Output, StringComparison.Ordinal);
    }
}
