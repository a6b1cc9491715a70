using System.Text;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class LogsTests
{
    [Fact]
    public async Task Logs_OneStreamOfOneDevice_IsExact()
    {
        await using var api = await FakeApi.StartAsync();
        api.Run = FakeApi.NewRun(ExecutionStatus.Succeeded, "a", "b");
        var bytes = Enumerable.Range(0, 300_000).Select(i => (byte)i).ToArray();
        api.OnOutput = (device, stream) => device == FakeApi.DeviceId("b").ToString() && stream == "stderr" ? bytes : [];
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("logs", api.Run.Id.ToString(), "B", "--stream", "stderr"));
        Assert.Equal(bytes, terminal.OutputBytes);
        Assert.Empty(terminal.Error);
    }

    [Fact]
    public async Task Logs_SeveralDevices_ArePrefixed()
    {
        await using var api = await FakeApi.StartAsync();
        api.Run = FakeApi.NewRun(ExecutionStatus.Succeeded, "a", "bc");
        api.OnOutput = (device, stream) => Encoding.UTF8.GetBytes(device == FakeApi.DeviceId("a").ToString() ? $"{stream} 1\n{stream} 2" : "other\n");
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(0, await terminal.RunAsync("logs", api.Run.Id.ToString()));
        Assert.Equal("a  | output 1\nbc | other\na  | output 2\n", terminal.Output);
    }

    [Fact]
    public async Task Logs_Follow_GoesOnToTheEnd()
    {
        await using var api = await FakeApi.StartAsync();
        api.Run = FakeApi.NewRun(ExecutionStatus.Running, "a", "b");
        api.OnStream = async (_, events) =>
        {
            await events.OutputAsync("a", "out\n");
            await events.OutputAsync("b", "no\n");
            await events.OutputAsync("a", "err\n", OutputStream.Stderr);
            await events.EndAsync();
        };
        using var both = FakeTerminal.For(api);
        Assert.Equal(0, await both.RunAsync("logs", "-f", api.Run.Id.ToString(), "a"));
        Assert.Equal("out\nerr\n", both.Output);

        using var one = FakeTerminal.For(api);
        Assert.Equal(0, await one.RunAsync("logs", "-f", api.Run.Id.ToString(), FakeApi.DeviceId("a").ToString(), "--stream=stderr"));
        Assert.Equal("err\n", one.Output);
    }

    [Fact]
    public async Task Logs_OfWhichTheOldestIsNotKept_SaySoOnStandardError()
    {
        await using var api = await FakeApi.StartAsync();
        api.Run = FakeApi.NewRun(ExecutionStatus.Running, "a");
        (api.LetGo, api.OnOutput) = ("10 of 14 bytes are not kept any more.", (_, _) => "new\n"u8.ToArray());
        using var stored = FakeTerminal.For(api);
        Assert.Equal(0, await stored.RunAsync("logs", api.Run.Id.ToString()));
        Assert.Equal(("new\n", "operone: a: 10 of 14 bytes are not kept any more.\n"), (stored.Output, stored.Error));

        api.OnStream = async (_, events) =>
        {
            await events.WriteAsync("gap", JsonSerializer.Serialize(
                new RunStreamGap(FakeApi.DeviceId("a"), "a", OutputStream.Stdout, 10, 10, "10 bytes before byte 10 are gone."), OperoneJson.Default.RunStreamGap));
            await events.OutputAsync("a", "new\n", offset: 10);
            await events.EndAsync();
        };
        using var live = FakeTerminal.For(api);
        Assert.Equal(0, await live.RunAsync("logs", "-f", api.Run.Id.ToString()));
        Assert.Equal(("new\n", "operone: a: 10 bytes before byte 10 are gone.\n"), (live.Output, live.Error));
    }

    [Fact]
    public async Task Logs_DeviceNotInTheRun_NamesThoseThatAre()
    {
        await using var api = await FakeApi.StartAsync();
        api.Run = FakeApi.NewRun(ExecutionStatus.Succeeded, "a", "b");
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(2, await terminal.RunAsync("logs", api.Run.Id.ToString(), "c"));
        Assert.Contains("They are: a, b.", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_UnknownRun_SaysSo()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = FakeTerminal.For(api);

        Assert.Equal(2, await terminal.RunAsync("logs", Guid.NewGuid().ToString()));
        Assert.Contains("There is no such run.", terminal.Error, StringComparison.Ordinal);
    }
}
