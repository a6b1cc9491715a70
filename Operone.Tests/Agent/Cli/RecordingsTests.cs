using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class RecordingsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Id = new("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c");

    [Fact]
    public async Task Recordings_Some_AreATable()
    {
        await using var api = await StartAsync();
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new FakeTimeProvider(Now);
        Assert.Equal(0, await terminal.RunAsync("recordings", "--device", "web-1"));
        Assert.Equal(
            """
            RECORDING                             DEVICE  OPENED  TOOK    SIZE   BY               TERMINAL
            0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c  web-1   5m ago  1m 30s  2 KiB  ann@example.org  bash

            """, terminal.Output);
        Assert.Contains("device=web-1", api.Requests.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recordings_Search_ShowsLinesWithTheirMoment()
    {
        await using var api = await StartAsync();
        using var terminal = FakeTerminal.For(api);
        Assert.Equal(0, await terminal.RunAsync("recordings", "--search", "rm -rf"));
        Assert.Contains("12.3  $ rm?[2J -rf /tmp/x", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("/search?q=rm%20-rf", api.Requests.Single(), StringComparison.Ordinal);

        using var json = FakeTerminal.For(api);
        Assert.Equal(0, await json.RunAsync("recordings", "--search", "rm", "--json"));
        Assert.Equal(12.34, JsonDocument.Parse(json.Output).RootElement[0].GetProperty("seconds").GetDouble());
    }

    [Fact]
    public async Task Get_ToAFile_IsExact()
    {
        await using var api = await StartAsync("{\"version\":2}\n[0,\"o\",\"\\u001b]0;x\\u0007\"]\n");
        using var terminal = FakeTerminal.For(api);
        var file = Path.Combine(terminal.ConfigurationFolder, "session.cast");
        Assert.Equal(0, await terminal.RunAsync("recordings", "get", Id.ToString(), "-o", file));
        Assert.Equal("{\"version\":2}\n[0,\"o\",\"\\u001b]0;x\\u0007\"]\n", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.DoesNotContain("play=true", api.Requests.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Play_HostileRecording_DoesNotReachOutsideTheScreen()
    {
        await using var api = await StartAsync("""
            {"version":2,"width":80,"height":24}
            [0.1,"o","a\u001b]0;title\u0007b\u001b]52;c;ZXZpbA==\u001b\\c\u001b[cd\u001b[31me\u001b[0m"]
            [0.2,"i","typed"]
            not json
            [0.3,"o","\u001bP+q544e\u001b\\f\u001b[?1003hg\u001b]8;;http://evil\u0007h\r\n"]
            """);
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new HurriedTime();
        Assert.Equal(0, await terminal.RunAsync("recordings", "play", Id.ToString()));
        Assert.Equal("abcd\e[31me\e[0mfgh\r\n", terminal.Output);
        Assert.Contains("play=true", api.Requests.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Play_OnATerminal_LeavesItAsItWas()
    {
        await using var api = await StartAsync("{\"version\":2,\"width\":200,\"height\":24}\n[0,\"o\",\"\\u001b[?25l\\u001b[?1049hx\"]\n");
        using var terminal = FakeTerminal.For(api);
        terminal.IsTerminal = true;
        Assert.Equal(0, await terminal.RunAsync("recordings", "play", Id.ToString()));
        Assert.StartsWith("\e[?25l\e[?1049hx", terminal.Output, StringComparison.Ordinal);
        Assert.EndsWith(ScreenText.Reset + "\r\n", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("200 columns", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Play_Interrupted_EndsAtOnce()
    {
        await using var api = await StartAsync("{\"version\":2}\n[0,\"o\",\"first\"]\n[3600,\"o\",\"second\"]\n");
        using var terminal = FakeTerminal.For(api);
        var playing = terminal.RunAsync("recordings", "play", Id.ToString());
        await terminal.PrintedAsync("first", TestContext.Current.CancellationToken);
        terminal.PressControlC();
        Assert.Equal(130, await playing);
        Assert.Equal("first", terminal.Output);
    }

    [Fact]
    public async Task Play_SpeedAndIdle_ShortenPauses()
    {
        var time = new NotedTime();
        await using var api = await StartAsync("{\"version\":2}\n[0,\"o\",\"a\"]\n[3600,\"o\",\"b\"]\n");
        using var terminal = FakeTerminal.For(api);
        terminal.Time = time;
        Assert.Equal(0, await terminal.RunAsync("recordings", "play", Id.ToString(), "--speed", "4", "--idle", "8"));
        Assert.Equal("ab", terminal.Output);

        // 8 s at fourfold speed are 2 s, however long the pause was.
        Assert.InRange(Assert.Single(time.Pauses).TotalSeconds, 0.5, 2);
    }

    [Fact]
    public async Task Remove_Recording_AsksTheServer()
    {
        await using var api = await StartAsync();
        using var terminal = FakeTerminal.For(api);
        Assert.Equal(0, await terminal.RunAsync("recordings", "remove", Id.ToString()));
        Assert.Equal($"DELETE /api/v1/recordings/{Id}", api.Requests.Single());
    }

    [Theory]
    [InlineData("recordings play nonsense", "is not the id of a recording")]
    [InlineData("recordings play 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --speed 0", "--speed must be 0.1 to 100")]
    [InlineData("recordings play 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --idle -1", "--idle must be 0 to 86400")]
    [InlineData("recordings --limit 0", "--limit must be at least 1")]
    [InlineData("recordings --search a --device b", "does not go with --device")]
    public async Task CommandLine_Wrong_IsRefusedWithoutAskingTheServer(string line, string says)
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = FakeTerminal.For(api);
        Assert.Equal(2, await terminal.RunAsync(line.Split(' ')));
        Assert.Contains(says, terminal.Error, StringComparison.Ordinal);
        Assert.Empty(api.Requests);
    }

    private static async Task<FakeApi> StartAsync(string cast = "")
    {
        var api = await FakeApi.StartAsync();
        api.OnAny = async context =>
        {
            var path = context.Request.Path.Value!;
            if (context.Request.Method == "DELETE")
            {
                context.Response.StatusCode = 204;
            }
            else if (path.EndsWith("/asciicast", StringComparison.Ordinal))
            {
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(cast), context.RequestAborted);
            }
            else if (path.EndsWith("/search", StringComparison.Ordinal))
            {
                var match = new RecordingMatch(Id, Guid.Empty, "web-1", "ann@example.org", Now, 12.34, "$ rm\e[2J -rf /tmp/x", "$ rm\e[2J -rf /tmp/x");
                await context.Response.WriteAsJsonAsync(new Page<RecordingMatch>([match], null), context.RequestAborted);
            }
            else
            {
                var view = new RecordingView(
                    Id, Guid.Empty, "web-1", null, "ann@example.org", null, "bash", Now.AddMinutes(-5), Now.AddMinutes(-3.5), 90, 2048, true, 0, false, true);
                await context.Response.WriteAsync(
                    $"{{\"items\":[{JsonSerializer.Serialize(view, OperoneJson.Default.RecordingView)}]}}", context.RequestAborted);
            }

            return true;
        };
        return api;
    }

    /// <summary>A clock that notes for how long it was waited.</summary>
    private sealed class NotedTime : TimeProvider
    {
        public List<TimeSpan> Pauses { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Pauses.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
