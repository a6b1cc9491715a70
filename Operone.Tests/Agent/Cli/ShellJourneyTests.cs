using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Operone.Core.Connection;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary><c>operone shell</c> against a real node and a real agent.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class ShellJourneyTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Shell_ServerStoppedAndStarted_GoesOnInTheSameShell()
    {
        await using var server = await OperoneServer.StartAsync();
        await using var agent = await AgentUnderTest.EnrolAndRunAsync(server, _temp["s"]);
        await using var pty = await ShellOnPty.StartAsync(server.Url, OperoneServer.OwnerToken);

        await pty.TypeAsync("op shell web-1 --shell /bin/sh; echo code=$?\n");
        await pty.BecomesRawAsync();
        await pty.TypeAsync("echo first=$$-; stty size\r");
        var first = await MatchAsync(pty, FirstShell());
        await pty.SeesAsync("24 80");

        await server.StopAsync();
        await pty.SeesAsync("connection lost, reconnecting");
        await server.StartAgainAsync();
        await server.WaitForOnlineAsync("web-1");
        // what is typed while there is no connection is dropped, so it is typed until it is there
        await Eventually.BecomesAsync(async () =>
        {
            await pty.TypeAsync("echo second=$$-\r");
            await Task.Delay(200, Cancelled);
            return SecondShell().IsMatch(pty.Screen);
        }, "an answer after the restart", 60);
        Assert.Equal(first, SecondShell().Match(pty.Screen).Groups[1].Value);

        // left, and come back to
        await pty.TypeAsync("\r~.");
        await pty.SeesAsync("code=0");
        var open = Assert.Single((await server.Owner.GetFromJsonAsync("/api/v1/terminals?ended=false", OperoneJson.Default.PageTerminalView, Cancelled))!.Items);
        await pty.TypeAsync($"op shell --attach {open.Id.ToString()[..13]}; echo back=$?\n");
        await pty.BecomesRawAsync();
        await pty.TypeAsync("echo third=$$-\r");
        Assert.Equal(first, await MatchAsync(pty, ThirdShell()));
        await pty.TypeAsync("exit 7\r");
        await pty.SeesAsync("back=7");
    }

    [Fact]
    public async Task Shell_WithAProgramAndAPipe_GivesItsOutputAndExitCode()
    {
        await using var server = await OperoneServer.StartAsync();
        await using var agent = await AgentUnderTest.EnrolAndRunAsync(server, _temp["s"]);
        using var terminal = new FakeTerminal { Time = TimeProvider.System };
        terminal.Variables["OPERONE_URL"] = server.Url;
        terminal.Variables["OPERONE_TOKEN"] = OperoneServer.OwnerToken;
        terminal.Local.InputIsTerminal = false;
        terminal.Local.Type("hello\n");
        terminal.Local.EndInput();

        var code = await terminal.RunAsync("shell", "web-1", "--env", "GREETING=hi", "--", "sh", "-c", "test -t 1 && cat && echo $GREETING; seq 1 200000; exit 9");
        Assert.True(code == 9, $"{code}: {terminal.Error}{terminal.Output[..Math.Min(200, terminal.Output.Length)]}");
        Assert.Contains("hello\r\nhello\r\nhi\r\n1\r\n2\r\n", terminal.Output, StringComparison.Ordinal);
        Assert.EndsWith("199999\r\n200000\r\n", terminal.Output, StringComparison.Ordinal);
        Assert.Empty(terminal.Error);

        Assert.Equal(2, await terminal.RunAsync("shell", "nowhere"));
        Assert.Contains("nowhere", terminal.Error, StringComparison.Ordinal);
    }

    private static async Task<string> MatchAsync(ShellOnPty pty, Regex pattern)
    {
        await Eventually.BecomesAsync(() => Task.FromResult(pattern.IsMatch(pty.Screen)), $"{pattern} on the screen", 60);
        return pattern.Match(pty.Screen).Groups[1].Value;
    }

    [GeneratedRegex(@"first=(\d+)-")]
    private static partial Regex FirstShell();

    [GeneratedRegex(@"second=(\d+)-")]
    private static partial Regex SecondShell();

    [GeneratedRegex(@"third=(\d+)-")]
    private static partial Regex ThirdShell();
}
