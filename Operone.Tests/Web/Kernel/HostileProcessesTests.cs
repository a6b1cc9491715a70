using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Kernel;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Kernel;

/// <summary>Agents that answer what makes no sense, or say what is not theirs to say.</summary>
public sealed class HostileProcessesTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    private const string Whole = """{"isWhole":true,"processes":[PROCESS],"sample":{"at":"2026-03-01T12:00:00Z","cores":2,"memoryTotal":1,"milliseconds":1},"isLast":true}""";

    [Theory]
    [InlineData("no json", "processes-not-understood")]
    [InlineData("null", "processes-not-understood")]
    [InlineData("""{"isLast":true}""", "processes-not-understood")]
    [InlineData("""{"figures":[{"pid":1}],"isLast":true}""", "processes-not-understood")]
    [InlineData("""{"isWhole":true,"processes":[null],"isLast":true}""", "processes-not-understood")]
    [InlineData("""{"isWhole":true,"processes":[{"pid":1,"start":1,"name":"a"}],"isLast":true}""", "processes-not-understood")]
    [InlineData("""{"isWhole":true,"processes":[{"pid":1,"start":1,"name":"a","figures":{"pid":2,"state":"running"}}],"isLast":true}""", "processes-not-understood")]
    [InlineData("""{"isWhole":true,"processes":[{"pid":1,"start":1,"name":"a","figures":{"pid":1,"state":"mad"}}],"isLast":true}""", "processes-not-understood")]
    [InlineData("""{"problem":{"code":"denied","detail":"no"},"isLast":true}""", "process-denied")]
    [InlineData("""{"problem":{"code":"unheard-of","detail":"no"},"isLast":true}""", "process-failed")]
    [InlineData("bytes", "processes-not-understood")]
    [InlineData("huge", "processes-not-understood")]
    [InlineData("close", "channel-refused")]
    [InlineData("abort", "processes-lost")]
    public async Task List_OfAnAgentThatAnswersNonsense_IsAProblem(string answer, string code)
    {
        await using var agent = await Server.ConnectAsync($"fake-{Guid.NewGuid():N}"[..16]);
        var serving = ServeAsync(agent, answer);
        using var response = await Server.Owner.GetAsync($"/api/v1/devices/{agent.Name}/processes", Cancelled);
        Assert.Equal(code, (await OperoneServer.ReadProblemAsync(response)).Type!.Split('/')[^1]);
        await serving;
    }

    [Fact]
    public async Task AgentThatNamesAnothersRun_IsNotBelieved()
    {
        await using var other = await Server.ConnectAsync($"fake-{Guid.NewGuid():N}"[..16]);
        using var made = await Server.Owner.PostAsJsonAsync(
            "/api/v1/runs", new CreateRun { Argv = ["true"], Target = new RunTarget([other.Name]) }, OperoneJson.Default.CreateRun, Cancelled);
        var run = (await made.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
        await using var agent = await Server.ConnectAsync($"fake-{Guid.NewGuid():N}"[..16]);
        var process = """{"pid":7,"start":1,"name":"a","part":"command","execution":"EXECUTION","figures":{"pid":7,"state":"running"}}""".Replace("EXECUTION", run.Executions![0].Id.ToString(), StringComparison.Ordinal);
        var serving = ServeAsync(agent, Whole.Replace("PROCESS", process, StringComparison.Ordinal));
        var list = (await Server.Owner.GetFromJsonAsync($"/api/v1/devices/{agent.Name}/processes", OperoneJson.Default.ProcessListView, Cancelled))!;
        Assert.Null(Assert.Single(list.Processes).Owner);
        await serving;

        serving = ServeAsync(other, Whole.Replace("PROCESS", process, StringComparison.Ordinal));
        list = (await Server.Owner.GetFromJsonAsync($"/api/v1/devices/{other.Name}/processes", OperoneJson.Default.ProcessListView, Cancelled))!;
        Assert.Equal(new ProcessOwner(ProcessOwnerKind.Run, run.Id), Assert.Single(list.Processes).Owner);
        await serving;
    }

    [Fact]
    public async Task Watch_IsAskedForAtThePaceOfTheQuickest_AndEndsWithTheLast()
    {
        await using var agent = await Server.ConnectAsync($"fake-{Guid.NewGuid():N}"[..16]);
        using var slow = await Server.Owner.GetAsync($"/api/v1/devices/{agent.Name}/processes/stream?interval=9000", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var socket = await DialAsync(agent);
        Assert.Equal((ProcessOps.Watch, 9000), await HearAsync(socket));
        using (var quick = await Server.Owner.GetAsync($"/api/v1/devices/{agent.Name}/processes/stream?interval=700", HttpCompletionOption.ResponseHeadersRead, Cancelled))
        {
            Assert.Equal((ProcessOps.Watch, 700), await HearAsync(socket));
        }

        Assert.Equal((ProcessOps.Watch, 9000), await HearAsync(socket));
        Assert.Equal((ProcessOps.Renew, null), await HearAsync(socket));
        slow.Dispose();
        await Assert.ThrowsAnyAsync<WebSocketException>(async () =>
        {
            while (await HearAsync(socket) is (not null, _))
            {
            }
        });
        using var bad = await Server.Owner.GetAsync($"/api/v1/devices/{agent.Name}/processes/stream?interval=10", Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    private async Task<ClientWebSocket> DialAsync(FakeAgent agent)
    {
        var asked = await agent.Channels.Reader.ReadAsync(Cancelled);
        Assert.Equal(ChannelPurposes.Processes, asked.Purpose);
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {agent.CreateToken()}");
        await socket.ConnectAsync(new Uri($"{Server.Url.Replace("http", "ws", StringComparison.Ordinal)}{ChannelLimits.Path}/{asked.ChannelId:N}"), Cancelled);
        return socket;
    }

    private static async Task<(string? Op, int? Interval)> HearAsync(ClientWebSocket socket)
    {
        var buffer = new byte[4096];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancelled);
        var call = received.MessageType == WebSocketMessageType.Text ? JsonSerializer.Deserialize(buffer.AsSpan(0, received.Count), OperoneJson.Default.ProcessCall) : null;
        return (call?.Op, call?.IntervalMilliseconds);
    }

    /// <summary>Answers the first call, and waits until the node lets go of it.</summary>
    private async Task ServeAsync(FakeAgent agent, string answer)
    {
        using var socket = await DialAsync(agent);
        try
        {
            _ = await HearAsync(socket);
            switch (answer)
            {
                case "bytes":
                    await socket.SendAsync((ArraySegment<byte>)new byte[10], WebSocketMessageType.Binary, true, Cancelled);
                    break;
                case "huge":
                    await socket.SendAsync((ArraySegment<byte>)Encoding.UTF8.GetBytes(new string(' ', 2 * ChannelLimits.MaxControlBytes)), WebSocketMessageType.Text, true, Cancelled);
                    break;
                case "close":
                    await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "There is no such thing here.", Cancelled);
                    break;
                case "abort":
                    socket.Abort();
                    return;
                default:
                    await socket.SendAsync((ArraySegment<byte>)Encoding.UTF8.GetBytes(answer), WebSocketMessageType.Text, true, Cancelled);
                    break;
            }

            while (await HearAsync(socket) is (not null, _))
            {
            }
        }
        catch (WebSocketException)
        {
            // the node has had enough of it
        }
    }
}
