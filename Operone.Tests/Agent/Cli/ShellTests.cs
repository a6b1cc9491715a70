using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class ShellTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Shell_NewTerminal_PassesBytesKeysAndExitCodeThrough()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        var wasRaw = false;
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.PrintAsync("$ ");
            await peer.TypedAsync("exit 7\r");
            wasRaw = terminal.Local.IsRaw;
            await peer.PrintAsync([0xff, 0x00, (byte)'x']);
            await peer.EndAsync(7, "Exited with code 7.");
        };
        terminal.Local.Type("exit 7\r");

        Assert.Equal(7, await terminal.RunAsync("shell", "web-1"));
        Assert.Equal([(byte)'$', (byte)' ', 0xff, 0x00, (byte)'x'], terminal.OutputBytes[..5]);
        Assert.Empty(terminal.Error);
        Assert.True(wasRaw);
        Assert.False(terminal.Local.IsRaw);
        var opened = Assert.Single(api.Opened);
        Assert.Equal(("web-1", 100, 30), (opened.Device, opened.Columns, opened.Rows));
        Assert.Null(opened.Argv);
        Assert.Contains(api.Requests, r => r.EndsWith($"/terminals/{api.Terminal.Id}/attach?columns=100&rows=30&offset=0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Shell_Options_GoIntoTheRequest()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);

        Assert.Equal(0, await terminal.RunAsync("shell", "web-1", "--user", "deploy", "--shell", "/bin/zsh", "--cwd", "/srv", "--env", "A=1", "--env", "B=x=y", "--title", "logs", "--record"));
        var opened = Assert.Single(api.Opened);
        Assert.Equal(("deploy", "/bin/zsh", "/srv", "logs", true), (opened.User, opened.Shell, opened.WorkingDirectory, opened.Title, opened.Record));
        Assert.Equal([new("A", "1"), new("B", "x=y")], opened.Environment!);
    }

    [Theory]
    [InlineData("shell web-1 -- top -d 1", "top,-d,1")]
    [InlineData("shell web-1 top -d 1", "top,-d,1")]
    [InlineData("shell --user u web-1 --cwd /x top --title t", "top,--title,t")]
    [InlineData("shell web-1 htop", "htop")]
    [InlineData("shell web-1 --", null)]
    public async Task Shell_WithACommand_RunsItInsteadOfAShell(string line, string? argv)
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);

        Assert.Equal(0, await terminal.RunAsync(line.Split(' ')));
        Assert.Equal(argv, Assert.Single(api.Opened).Argv is { } words ? string.Join(',', words) : null);
    }

    [Fact]
    public async Task Shell_WithALine_GivesItToAShell()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);

        await terminal.RunAsync("shell", "web-1", "df -h | tail");
        Assert.Equal(["/bin/sh", "-c", "df -h | tail"], Assert.Single(api.Opened).Argv!);
    }

    [Theory]
    [InlineData("shell", "which device?")]
    [InlineData("shell web-1 --attach 0199", "is too much")]
    [InlineData("shell --attach 0199 --user x", "--user is for a new terminal")]
    [InlineData("shell web-1 --env X", "should be NAME=VALUE")]
    [InlineData("shell web-1 --escape-char ab", "--escape-char is one character")]
    public async Task Shell_WrongArguments_AreTold(string line, string expected)
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);

        Assert.Equal(2, await terminal.RunAsync(line.Split(' ')));
        Assert.Contains(expected, terminal.Error, StringComparison.Ordinal);
        Assert.Empty(api.Opened);
    }

    [Theory]
    [InlineData(404, "device-not-found", "There is no such device.")]
    [InlineData(409, "device-offline", "The device is offline.")]
    [InlineData(403, "forbidden", "You may not open terminals.")]
    public async Task Shell_Refused_SaysWhyAndNeverTouchesTheTerminal(int status, string code, string title)
    {
        await using var api = await FakeApi.StartAsync();
        api.OnOpen = async context =>
        {
            await FakeApi.ProblemAsync(context, status, code, title, "Details.");
            return true;
        };
        using var terminal = At(api);

        Assert.Equal(2, await terminal.RunAsync("shell", "web-1"));
        Assert.Equal($"operone: {title} Details.\n", terminal.Error);
        Assert.Empty(terminal.Output);
        Assert.Null(terminal.Local.Signals);
    }

    [Fact]
    public async Task Shell_AttachRefused_SaysWhatTheServerSays()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnAttaching = async (_, context) =>
        {
            await FakeApi.ProblemAsync(context, 403, "forbidden", "You may not.", "It is anna's.");
            return true;
        };
        using var terminal = At(api);

        Assert.Equal(2, await terminal.RunAsync("shell", "--attach", $"{api.Terminal.Id}"));
        Assert.Contains("operone: You may not. It is anna's.\n", terminal.Error, StringComparison.Ordinal);
        Assert.Contains($"--attach {api.Terminal.Id}", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shell_ConnectionLost_GoesOnAtTheByteWhereItWas()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        string? offset = null;
        api.OnAttach = async (attempt, peer) =>
        {
            if (attempt == 1)
            {
                await peer.AttachedAsync();
                await peer.PrintAsync("hello ");
                await terminal.PrintedAsync("hello ", Cancelled);
                peer.Break();
                return;
            }

            offset = peer.Query("offset");
            await peer.AttachedAsync();
            await peer.PrintAsync("world");
            await peer.TypedAsync("x");
            await peer.EndAsync(0);
        };
        var running = terminal.RunAsync("shell", "web-1");
        await terminal.PrintedAsync("world", Cancelled);
        terminal.Local.Type("x");

        Assert.Equal(0, await running);
        Assert.Equal("6", offset);
        Assert.StartsWith("hello world", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("connection lost, reconnecting", terminal.Error, StringComparison.Ordinal);
        Assert.EndsWith("\e[2K\e8", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shell_ConnectionLostInAFullScreenProgram_BuildsTheScreenAgain()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        string? offset = "";
        api.OnAttach = async (attempt, peer) =>
        {
            if (attempt == 1)
            {
                await peer.AttachedAsync();
                await peer.PrintAsync("\e[?1049h\e[?25lvim");
                await terminal.PrintedAsync("vim", Cancelled);
                peer.Break();
                return;
            }

            offset = peer.Query("offset");
            await peer.AttachedAsync("\e[?1049h", 1000);
            await peer.PrintAsync("vim again");
            await peer.EndAsync(0);
        };

        Assert.Equal(0, await terminal.RunAsync("shell", "web-1"));
        Assert.Null(offset);
        Assert.Contains("\e[H\e[2J\e[?1049hvim again\e[?1049l", terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shell_EndedWhileAway_HasItsExitCode()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.PrintAsync("up");
            await terminal.PrintedAsync("up", Cancelled);
            api.Terminal = FakeApi.NewTerminal("web-1", ExecutionStatus.Failed, api.Terminal.Id, 9, "It was idle.");
            peer.Break();
        };
        api.OnAttaching = async (attempt, context) =>
        {
            if (attempt > 1)
            {
                await FakeApi.ProblemAsync(context, 409, "terminal-ended", "The terminal has ended.", "");
            }

            return attempt > 1;
        };

        Assert.Equal(9, await terminal.RunAsync("shell", "web-1"));
        Assert.Contains("operone: web-1: the terminal has ended: It was idle.\n", terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("~.")]
    [InlineData("\u0003")]
    public async Task Shell_LeftWhileAway_ReturnsAtOnce(string keys)
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.PrintAsync("up");
            await terminal.PrintedAsync("up", Cancelled);
            peer.Break();
        };
        api.OnAttaching = async (attempt, context) =>
        {
            if (attempt > 1)
            {
                await FakeApi.ProblemAsync(context, 503, "device-offline", "The device is offline.", "");
            }

            return attempt > 1;
        };
        var running = terminal.RunAsync("shell", "web-1");
        await terminal.SaidAsync("reconnecting", Cancelled);
        terminal.Local.Type(keys);

        Assert.Equal(0, await running);
        Assert.EndsWith($"To come back: operone shell --attach {api.Terminal.Id}\n", terminal.Error, StringComparison.Ordinal);
        Assert.False(terminal.Local.IsRaw);
    }

    [Fact]
    public async Task Shell_Left_SendsWhatWasTypedAndRestoresTheScreen()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        var rest = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.PrintAsync("\e[?1049h\e[?1002h\e[?1006h\e[?25l\e[?2004h");
            rest.SetResult(await peer.RestAsync());
        };
        var running = terminal.RunAsync("shell", "web-1");
        await terminal.PrintedAsync("\e[?2004h", Cancelled);
        terminal.Local.Type("make\r~.not this");

        Assert.Equal(0, await running);
        Assert.Equal("make\r", await rest.Task);
        Assert.EndsWith("\e[?25h\e[?1002l\e[?1006l\e[?1049l\e[?2004l\e[0m\e(B\x0f\r\n", terminal.Output, StringComparison.Ordinal);
        Assert.Equal($"operone: left the terminal on web-1, which goes on. To come back: operone shell --attach {api.Terminal.Id}\n", terminal.Error);
    }

    [Fact]
    public async Task Shell_EndAsked_EndsTheTerminalAfterAnAnswer()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.TypedAsync("~xavier\r");
            await api.TerminalEnded.Task.WaitAsync(peer.Aborted);
            await peer.EndAsync(129, "Ended by anna.");
        };
        terminal.Local.Type("~xavier\r");
        terminal.Local.Type("~x");
        terminal.Local.Type("y");

        Assert.Equal(129, await terminal.RunAsync("shell", "web-1"));
        Assert.Contains("y ends it", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("operone: web-1: the terminal has ended: Ended by anna.\n", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shell_Suspended_AttachesAnewToBuildTheScreen()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        var offsets = new List<string?>();
        api.OnAttach = async (attempt, peer) =>
        {
            offsets.Add(peer.Query("offset"));
            await peer.AttachedAsync(attempt == 1 ? null : "fresh");
            if (attempt == 1)
            {
                await peer.RestAsync();
            }

            await peer.EndAsync(0);
        };
        terminal.Local.Type("~\x1a");

        Assert.Equal(0, await terminal.RunAsync("shell", "web-1"));
        Assert.Equal(1, terminal.Local.Suspensions);
        Assert.Equal(["0", null], offsets);
        Assert.Contains("fresh", terminal.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("connection", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shell_ResizedOften_SendsTheLastSize()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        TerminalControl? told = null;
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.TypedAsync("x");
            for (var columns = 10; columns <= 120; columns++)
            {
                terminal.Local.Size = (columns, 40);
                terminal.Local.Signals!.OnResize();
            }

            do
            {
                told = await peer.ToldAsync();
            }
            while (told.Columns != 120);
            await peer.EndAsync(0);
        };
        terminal.Local.Type("x");

        Assert.Equal(0, await terminal.RunAsync("shell", "web-1"));
        Assert.Equal(("size", 120, 40), (told!.Type, told.Columns, told.Rows));
    }

    [Fact]
    public async Task Shell_SignalledToEnd_LeavesWithTheSignalsCode()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.PrintAsync("up");
            await peer.RestAsync();
        };
        var running = terminal.RunAsync("shell", "web-1");
        await terminal.PrintedAsync("up", Cancelled);
        terminal.Local.Signals!.OnEnd(143);

        Assert.Equal(143, await running);
        Assert.False(terminal.Local.IsRaw);
    }

    [Theory]
    [InlineData("ls\n", "ls\n\u0004")]
    [InlineData("ls", "ls\u0004\u0004")]
    [InlineData("", "\u0004")]
    [InlineData("~.\n", "~.\n\u0004")]
    public async Task Shell_InputFromAPipe_IsTypedAsItIsAndEndsWithControlD(string input, string expected)
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        terminal.Local.InputIsTerminal = false;
        terminal.IsTerminal = false;
        var typed = "";
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            typed = await peer.TypedAsync(expected);
            await peer.PrintAsync("bye");
            await peer.EndAsync(0);
        };
        terminal.Local.Type(input.Length > 0 ? input : "");
        terminal.Local.EndInput();

        Assert.Equal(0, await terminal.RunAsync("shell", "web-1"));
        Assert.Equal(expected, typed);
        Assert.Equal("bye", terminal.Output);
    }

    [Fact]
    public async Task Shell_MegabytePasted_ArrivesWhole()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        var pasted = string.Concat(Enumerable.Range(0, 150_000).Select(i => $"{i:D6}\n"));
        var typed = "";
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            typed = await peer.TypedAsync("END");
            await peer.EndAsync(0);
        };
        terminal.Local.Type(pasted + "END");

        Assert.Equal(0, await terminal.RunAsync("shell", "web-1"));
        Assert.Equal(pasted + "END", typed);
    }

    [Fact]
    public async Task Shell_WordsOfOthers_ArePlain()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.TellAsync(new TerminalControl { Type = TerminalControls.Notice, Text = "full\e]0;evil\a" });
            await peer.TellAsync(new TerminalControl { Type = TerminalControls.People, People = [Viewer("me", isYou: true)] });
            await peer.TellAsync(new TerminalControl { Type = TerminalControls.People, People = [Viewer("me", isYou: true), Viewer("b\eob")] });
            await peer.TellAsync(new TerminalControl { Type = TerminalControls.Mode, MayType = false });
            await peer.EndAsync(null, "gone\e[2J");
        };

        Assert.Equal(1, await terminal.RunAsync("shell", "web-1"));
        Assert.Equal(
            "\r\noperone: full?]0;evil?\r\n\r\noperone: b?ob has joined, to watch\r\n\r\noperone: you may watch, and not type\r\noperone: web-1: the terminal has ended: gone?[2J\n",
            terminal.Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Attach_ByIdOrPrefix_BuildsTheScreen(bool whole)
    {
        await using var api = await FakeApi.StartAsync();
        var id = new Guid("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c");
        api.Terminals.Add(FakeApi.NewTerminal("db", id: new Guid("0199a2c4-8d5e-7f3a-9b1c-2f6d8e4a5b6d")));
        api.Terminals.Add(FakeApi.NewTerminal("web-1", id: id));
        api.OnAttach = async (_, peer) =>
        {
            Assert.Null(peer.Query("offset"));
            await peer.AttachedAsync("screen", 5000);
            await peer.EndAsync(0);
        };
        using var terminal = At(api);

        Assert.Equal(0, await terminal.RunAsync("shell", "--attach", whole ? $"{id}" : "0199A2C47d"));
        Assert.Contains("\e[H\e[2Jscreen", terminal.Output, StringComparison.Ordinal);
        Assert.Empty(api.Opened);
    }

    [Theory]
    [InlineData("0199a2c4", "More than one terminal's id begins with '0199a2c4'.")]
    [InlineData("ffff", "No open terminal's id begins with 'ffff'.")]
    [InlineData("web-1", "'web-1' is not the id of a terminal")]
    [InlineData("0299a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c", "has ended: It was idle.")]
    [InlineData("0399a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c", "There is no such terminal.")]
    public async Task Attach_ToWhatCannotBe_SaysWhy(string text, string expected)
    {
        await using var api = await FakeApi.StartAsync();
        api.Terminals.Add(FakeApi.NewTerminal("db", id: new Guid("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6d")));
        api.Terminals.Add(FakeApi.NewTerminal("web-1", id: new Guid("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c")));
        api.Terminals.Add(FakeApi.NewTerminal("web-1", ExecutionStatus.Cancelled, new Guid("0299a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c"), reason: "It was idle."));
        using var terminal = At(api);

        Assert.Equal(2, await terminal.RunAsync("shell", "--attach", text));
        Assert.Contains(expected, terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(api.Requests, r => r.Contains("/attach", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Shell_OutputNobodyReads_LeavesAndSaysHowToComeBack()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = At(api);
        terminal.IsTerminal = false;
        terminal.OutputInstead = new ClosedPipe();
        api.OnAttach = async (_, peer) =>
        {
            await peer.AttachedAsync();
            await peer.PrintAsync("x");
            await peer.RestAsync();
        };

        Assert.Equal(141, await terminal.RunAsync("shell", "web-1"));
        Assert.Contains("--attach", terminal.Error, StringComparison.Ordinal);
        Assert.False(terminal.Local.IsRaw);
    }

    private static FakeTerminal At(FakeApi api)
    {
        var terminal = FakeTerminal.For(api);
        terminal.Time = new HurriedTime();
        terminal.IsTerminal = true;
        return terminal;
    }

    private static TerminalViewer Viewer(string name, bool isYou = false) => new(Guid.NewGuid(), name, isYou, isYou, isYou, DateTimeOffset.UnixEpoch);

    private sealed class ClosedPipe : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new Operone.Agent.Cli.Operator.BrokenPipeException();
    }
}
