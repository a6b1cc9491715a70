using System.Text.Json;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class RunTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_OneDevice_PassesBytesAndExitCodeThrough()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Failed, 3, "exited with code 3"));
        api.OnStream = async (_, events) =>
        {
            await events.StatusAsync("a", ExecutionStatus.Running);
            await events.OutputAsync("a", [0xFF, 0x00, (byte)'x']);
            await events.OutputAsync("a", "oops\n", OutputStream.Stderr);
            await events.OutputAsync("a", "y", offset: 3);
            await events.EndAsync(RunStatus.Failed);
        };
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(3, await terminal.RunAsync("run", "-d", "a", "--", "cmd"));
        Assert.Equal([0xFF, 0x00, (byte)'x', (byte)'y'], terminal.OutputBytes);
        Assert.Equal("oops\noperone: a: failed: exited with code 3\n", terminal.Error);
    }

    [Fact]
    public async Task Run_Succeeded_SaysNothingOfItsOwn()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        api.OnStream = (_, events) => events.EndAsync();
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "true"));
        Assert.Empty(terminal.Output);
        Assert.Empty(terminal.Error);
    }

    [Theory]
    [InlineData(ExecutionStatus.TimedOut, 143, 124)]
    [InlineData(ExecutionStatus.Cancelled, null, 130)]
    [InlineData(ExecutionStatus.Failed, null, 1)]
    [InlineData(ExecutionStatus.Failed, 127, 127)]
    [InlineData(ExecutionStatus.Expired, null, 1)]
    [InlineData(ExecutionStatus.Lost, null, 1)]
    [InlineData(ExecutionStatus.Refused, 0, 1)]
    public async Task Run_OneDeviceEndsBadly_HasItsExitCodeAndReason(ExecutionStatus status, int? code, int expected)
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", status, code, "the reason"));
        api.OnStream = (_, events) => events.EndAsync();
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(expected, await terminal.RunAsync("run", "-d", "a", "true"));
        Assert.Contains("the reason", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Request_HasWhatWasAskedFor()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        api.OnStream = (_, events) => events.EndAsync();
        using var terminal = FakeTerminal.For(api);

        await terminal.RunAsync("run", "-d", "a,b", "-d", "c", "-l", "env=prod", "--timeout", "1m30s", "--expires=2h", "--cwd", "/tmp",
            "--env", "A=1", "--env", "B=x=y", "--output-limit", "1GiB", "ls", "-l", "--", "@x");
        var request = Assert.Single(api.Created);
        Assert.Null(request.Command);
        Assert.Equal(["ls", "-l", "--", "@x"], request.Argv);
        Assert.Equal(["a", "b", "c"], request.Target!.Devices);
        Assert.Equal("env=prod", request.Target.Selector);
        Assert.False(request.Target.All);
        Assert.Equal(90, request.TimeoutSeconds);
        Assert.Equal(7200, request.ExpiresInSeconds);
        Assert.Equal("/tmp", request.WorkingDirectory);
        Assert.Equal(new Dictionary<string, string> { ["A"] = "1", ["B"] = "x=y" }, request.Environment);
        Assert.Equal(1L << 30, request.OutputLimitBytes);
        Assert.Null(request.StdinBase64);
        Assert.NotEqual("", Assert.Single(api.IdempotencyKeys));

        await terminal.RunAsync("run", "--all", "--", "echo $HOME | wc");
        var line = api.Created.Last();
        Assert.Equal("echo $HOME | wc", line.Command);
        Assert.Null(line.Argv);
        Assert.True(line.Target!.All);
    }

    [Fact]
    public async Task Run_OnPermittedDevicesOnly_AsksForThoseAndSaysWhichWereLeftOut()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        api.Run = api.Run! with { LeftOut = ["b", "c"] };
        api.OnStream = (_, events) => events.EndAsync();
        using var terminal = FakeTerminal.For(api);
        Assert.Equal(0, await terminal.RunAsync("run", "-l", "env=prod", "--only-permitted", "--", "true"));
        Assert.True(Assert.Single(api.Created).Target!.OnlyPermitted);
        Assert.Equal("operone: left out, because you may not run commands there: b, c\n", terminal.Error);
    }

    [Fact]
    public async Task Run_Script_IsSentAsText()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        api.OnStream = (_, events) => events.EndAsync();
        using var terminal = FakeTerminal.For(api);
        var file = Path.Combine(terminal.ConfigurationFolder, "check.sh");
        await File.WriteAllTextAsync(file, "echo é\n", Cancelled);

        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "--script", file, "--interpreter", "/bin/bash"));
        Assert.Equal(("echo é\n", "/bin/bash"), (Assert.Single(api.Created).Script, api.Created.First().Interpreter));

        terminal.Input = "echo 2"u8.ToArray();
        terminal.InputIsRedirected = true;
        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "--script", "-"));
        Assert.Equal(("echo 2", null), (api.Created.Last().Script, api.Created.Last().StdinBase64));

        await File.WriteAllBytesAsync(file, [0xFF, 0xFE, 0xFF], Cancelled);
        Assert.Equal(2, await terminal.RunAsync("run", "-d", "a", "--script", file));
        Assert.Contains("not text in UTF-8", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SeveralDevices_PrefixesWholeLines()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded), FakeApi.NewExecution("long", ExecutionStatus.Failed, 1, "exited with code 1"));
        api.OnStream = async (_, events) =>
        {
            await events.OutputAsync("a", "one\ntw");
            await events.OutputAsync("long", "uno\r\ndos\n");
            await events.OutputAsync("long", "err\n", OutputStream.Stderr);
            await events.OutputAsync("a", "o\nthree", offset: 6);
            await events.EndAsync();
        };
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(1, await terminal.RunAsync("run", "--all", "--", "x"));
        Assert.Equal("a    | one\nlong | uno\r\nlong | dos\na    | two\na    | three\n", terminal.Output);
        Assert.Equal("long | err\noperone: long: failed: exited with code 1\noperone: 1 of 2 devices succeeded, 1 failed in 1m 12s\n", terminal.Error);
    }

    [Fact]
    public async Task Run_InputRedirectedAndOneDevice_IsPassedAlong()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        api.OnStream = (_, events) => events.EndAsync();
        api.Devices.Add(FakeApi.NewDevice("a"));
        using var terminal = FakeTerminal.For(api);
        terminal.InputIsRedirected = true;
        terminal.Input = [1, 2, 0xFF];

        await terminal.RunAsync("run", "-d", "a", "cat");
        Assert.Equal(Convert.ToBase64String(terminal.Input), api.Created.Last().StdinBase64);

        // the only device that a selector matches is named, so that nobody else can get what was read
        await terminal.RunAsync("run", "-l", "x=y", "cat");
        Assert.Equal(Convert.ToBase64String(terminal.Input), api.Created.Last().StdinBase64);
        Assert.Equal([FakeApi.DeviceId("a").ToString()], api.Created.Last().Target!.Devices);
        Assert.Null(api.Created.Last().Target!.Selector);

        await terminal.RunAsync("run", "-n", "-d", "a", "cat");
        Assert.Null(api.Created.Last().StdinBase64);

        api.Devices.Add(FakeApi.NewDevice("b"));
        await terminal.RunAsync("run", "--all", "cat");
        Assert.Null(api.Created.Last().StdinBase64);
        Assert.True(api.Created.Last().Target!.All);

        await terminal.RunAsync("run", "-d", "a", "-d", "b", "cat");
        Assert.Null(api.Created.Last().StdinBase64);

        terminal.Input = [];
        await terminal.RunAsync("run", "-d", "a", "cat");
        Assert.Null(api.Created.Last().StdinBase64);
    }

    [Fact]
    public async Task Run_DetachedWithInputOverTheLimit_IsRefused()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = FakeTerminal.For(api);
        terminal.InputIsRedirected = true;
        terminal.Input = new byte[RunLimits.MaxStdinBytes + 1];

        Assert.Equal(2, await terminal.RunAsync("run", "-d", "a", "--detach", "cat"));
        Assert.Contains("longer than 1 MiB", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(api.Created);
    }

    [Fact]
    public async Task Run_ConnectionBreaks_GoesOnWhereItWasWithoutRepeating()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new HurriedTime();
        api.OnStream = async (connection, events) =>
        {
            switch (connection)
            {
                case 1:
                    await events.OutputAsync("a", "0123");
                    await events.OutputAsync("a", "45", offset: 4);
                    await terminal.PrintedAsync("012345", events.Aborted);
                    events.Break();
                    break;
                case 2:
                    // an end without the end
                    break;
                default:
                    await events.OutputAsync("a", "2345", offset: 2);
                    await events.OutputAsync("a", "56789", offset: 5);
                    await events.EndAsync();
                    break;
            }
        };

        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "x"));
        Assert.Equal("0123456789", terminal.Output);
        Assert.Equal([null, "c2", "c2"], api.LastEventIds);
        Assert.Contains("is lost; the run goes on. Reconnecting", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("again", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_EndedAndItsStreamEmpty_IsNotFollowedForEver()
    {
        await using var api = await FakeApi.StartAsync();
        api.Run = FakeApi.NewRun(ExecutionStatus.Succeeded, "a");
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "x"));
        Assert.Single(api.LastEventIds);
    }

    [Fact]
    public async Task Run_BytesMissing_SaysHowMany()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        api.OnStream = async (_, events) =>
        {
            await events.OutputAsync("a", "01");
            await events.OutputAsync("a", "56", offset: 5);
            await events.EndAsync();
        };
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "x"));
        Assert.Equal("0156", terminal.Output);
        Assert.Contains("a: 3 bytes are missing here", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OutputDiscarded_SaysHowMuch()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded, discarded: 2048));
        api.OnStream = (_, events) => events.EndAsync();
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "x"));
        Assert.Contains("a: 2 KiB of output past the limit were not kept", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AnswerToThePostLost_IsPostedAgainUnderTheSameKey()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        api.OnStream = (_, events) => events.EndAsync();
        api.OnCreate = async (attempt, context) =>
        {
            if (attempt == 1)
            {
                context.Abort();
            }
            else if (attempt == 2)
            {
                await FakeApi.ProblemAsync(context, 503, "unavailable", "Not now.", "The database is away.");
            }

            return attempt < 3;
        };
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new HurriedTime();

        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "x"));
        Assert.Equal(3, api.Created.Count);
        Assert.Single(api.IdempotencyKeys.Distinct());
    }

    [Fact]
    public async Task Run_Refused_ShowsTheFields()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnCreate = async (_, context) =>
        {
            await FakeApi.ProblemAsync(context, 422, "no-device-matches", "No device matches.", "2 fields are not right.",
                new() { ["target.devices"] = ["there is no device 'a'"], ["command"] = ["is odd"] });
            return true;
        };
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(2, await terminal.RunAsync("run", "-d", "a", "x"));
        Assert.Equal("operone: No device matches. 2 fields are not right.\n  target.devices: there is no device 'a'\n  command: is odd\n", terminal.Error);
        Assert.Single(api.Created);
    }

    [Fact]
    public async Task Run_ControlCOnce_CancelsAndWaitsForTheEnd()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Cancelled, null, "cancelled by token:test"));
        api.OnStream = async (_, events) =>
        {
            await events.OutputAsync("a", "ready\n");
            await api.Cancelled.Task.WaitAsync(events.Aborted);
            await events.OutputAsync("a", "bye\n", offset: 6);
            await events.EndAsync(RunStatus.Cancelled);
        };
        using var terminal = FakeTerminal.For(api);

        var running = terminal.RunAsync("run", "-d", "a", "x");
        await terminal.PrintedAsync("ready", Cancelled);
        terminal.PressControlC();
        Assert.Equal(130, await running);
        Assert.Equal("ready\nbye\n", terminal.Output);
        Assert.Contains("cancelling the run", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("cancelled by token:test", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ControlCTwice_LeavesAtOnce()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Running));
        api.OnStream = async (_, events) =>
        {
            await events.OutputAsync("a", "ready\n");
            await Task.Delay(Timeout.Infinite, events.Aborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var terminal = FakeTerminal.For(api);

        var running = terminal.RunAsync("run", "-d", "a", "x");
        await terminal.PrintedAsync("ready", Cancelled);
        terminal.PressControlC();
        terminal.PressControlC();
        Assert.Equal(130, await running);
        Assert.Contains($"operone logs -f {api.Run!.Id}", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_DeviceOffline_SaysThatItWaits()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Succeeded));
        var said = new TaskCompletionSource();
        api.OnStream = async (_, events) =>
        {
            await said.Task.WaitAsync(events.Aborted);
            await events.EndAsync();
        };
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new HurriedTime();

        var running = terminal.RunAsync("run", "-d", "a", "x");
        await terminal.SaidAsync("waiting up to 1h for a device that cannot be reached now: a", Cancelled);
        said.SetResult();
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task Run_Json_PrintsTheRunAlone()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Failed, 5, "exited with code 5"));
        api.OnStream = async (_, events) =>
        {
            await events.OutputAsync("a", "noise");
            await events.EndAsync();
        };
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(5, await terminal.RunAsync("run", "--json", "-d", "a", "x"));
        using var json = JsonDocument.Parse(terminal.Output);
        Assert.Equal(api.Run!.Id, json.RootElement.GetProperty("id").GetGuid());
        Assert.Equal(5, json.RootElement.GetProperty("executions")[0].GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public async Task Run_Detach_PrintsTheIdAndDoesNotWait()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Running));
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("run", "--detach", "-d", "a", "x"));
        Assert.Equal($"{api.Run!.Id}\n", terminal.Output);
        Assert.Empty(api.LastEventIds);
    }

    [Fact]
    public async Task Run_NobodyReadsTheOutput_IsCancelled()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Running));
        api.OnStream = async (_, events) =>
        {
            await events.OutputAsync("a", "y\n");
            await Task.Delay(Timeout.Infinite, events.Aborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var terminal = FakeTerminal.For(api);
        terminal.OutputInstead = new ClosedPipe();

        Assert.Equal(141, await terminal.RunAsync("run", "-d", "a", "yes"));
        Assert.True(api.Cancelled.Task.IsCompleted);
    }

    [Fact]
    public async Task Run_StreamRefused_SaysThatTheRunGoesOn()
    {
        await using var api = await FakeApi.StartAsync();
        Prepare(api, FakeApi.NewExecution("a", ExecutionStatus.Running));
        api.OnAny = async context =>
        {
            if (context.Request.Path.Value!.EndsWith("/stream", StringComparison.Ordinal))
            {
                await FakeApi.ProblemAsync(context, 403, "forbidden", "Not allowed.", "The token lacks runs.read.");
                return true;
            }

            return false;
        };
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(2, await terminal.RunAsync("run", "-d", "a", "x"));
        Assert.Contains($"the run {api.Run!.Id} goes on, but cannot be followed", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("The token lacks runs.read.", terminal.Error, StringComparison.Ordinal);
    }

    /// <summary>A run that is queued when it is made and stands so in the end.</summary>
    private static void Prepare(FakeApi api, params ExecutionView[] afterwards)
    {
        var id = Guid.CreateVersion7();
        api.Run = FakeApi.NewRun(id, afterwards.Select(e => e with { Status = ExecutionStatus.Queued, ExitCode = null, Reason = null }).ToArray());
        api.RunAfterwards = FakeApi.NewRun(id, afterwards);
    }

    private sealed class ClosedPipe : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new Operone.Agent.Cli.Operator.BrokenPipeException();

        public override void Write(ReadOnlySpan<byte> buffer) => throw new Operone.Agent.Cli.Operator.BrokenPipeException();
    }
}
