using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Channels;

/// <summary>Channels by an agent that dials what it should not, too late, twice, or too many.</summary>
public sealed class ChannelTests(ChannelTests.Small fixture) : ServerTests(fixture), IClassFixture<ChannelTests.Small>, IAsyncLifetime
{
    /// <summary>A node with room for few channels.</summary>
    public sealed class Small() : ServerFixture(Database.Sqlite, new()
    {
        ["Operone:Channels:MaxPerDevice"] = "3",
        ["Operone:Channels:MaxPerPerson"] = "5",
    });

    private readonly List<IDisposable> _open = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Leaves no channel open: the next test counts them.</summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _open.ForEach(s => s.Dispose());
        return ValueTask.CompletedTask;
    }

    private static string Name() => $"fake-{Guid.NewGuid():N}"[..16];

    private async Task<(FakeAgent Agent, Guid Terminal)> ConnectAsync()
    {
        var agent = await Server.ConnectAsync(Name());
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/terminals", new CreateTerminal { Device = agent.Name }, OperoneJson.Default.CreateTerminal, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (agent, (await response.Content.ReadFromJsonAsync(OperoneJson.Default.TerminalView, Cancelled))!.Id);
    }

    private async Task<(ClientWebSocket Socket, HttpStatusCode Status)> DialAsync(FakeAgent agent, Guid channel, string? token = null)
    {
        var socket = new ClientWebSocket();
        _open.Add(socket);
        socket.Options.SetRequestHeader("Authorization", $"Bearer {token ?? agent.CreateToken()}");
        socket.Options.CollectHttpResponseDetails = true;
        try
        {
            await socket.ConnectAsync(new Uri($"{Server.Url.Replace("http", "ws", StringComparison.Ordinal)}{ChannelLimits.Path}/{channel:N}"), Cancelled);
        }
        catch (WebSocketException)
        {
            // the status says it
        }

        return (socket, socket.HttpStatusCode);
    }

    /// <summary>Somebody asks to be let in. Ends with the answer.</summary>
    private async Task<(ClientWebSocket Socket, HttpStatusCode Status)> AttachAsync(Guid terminal)
    {
        var socket = new ClientWebSocket();
        _open.Add(socket);
        socket.Options.SetRequestHeader("Authorization", $"Bearer {OperoneServer.OwnerToken}");
        socket.Options.CollectHttpResponseDetails = true;
        try
        {
            await socket.ConnectAsync(new Uri($"{Server.Url.Replace("http", "ws", StringComparison.Ordinal)}/api/v1/terminals/{terminal}/attach"), Cancelled);
        }
        catch (WebSocketException)
        {
            // the status says it
        }

        return (socket, socket.HttpStatusCode);
    }

    /// <summary>The words with which somebody is refused.</summary>
    private async Task<string> RefusedAsync(Guid terminal)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/terminals/{terminal}/attach");
        request.Headers.Add("Connection", "Upgrade");
        request.Headers.Add("Upgrade", "websocket");
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", Convert.ToBase64String(new byte[16]));
        using var answer = await Server.Owner.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        var problem = await OperoneServer.ReadProblemAsync(answer);
        return $"{problem.Title} {problem.Detail}";
    }

    [Fact]
    public async Task Channel_Dialled_IsJoinedOnceAndByNobodyElse()
    {
        var (agent, terminal) = await ConnectAsync();
        await using var _ = agent;
        await using var other = await Server.ConnectAsync(Name());
        var attaching = AttachAsync(terminal);
        var asked = await agent.Channels.Reader.ReadAsync(Cancelled);
        Assert.Equal((ChannelPurposes.Terminal, terminal), (asked.Purpose, asked.Target));
        Assert.Equal(HttpStatusCode.NotFound, (await DialAsync(other, asked.ChannelId)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await DialAsync(agent, Guid.NewGuid())).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await DialAsync(agent, asked.ChannelId, OperoneServer.OwnerToken)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await DialAsync(agent, asked.ChannelId, agent.CreateToken(age: TimeSpan.FromHours(1)))).Status);

        // none of these has used it up
        var (socket, status) = await DialAsync(agent, asked.ChannelId);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, status);
        var (seat, _) = await attaching;
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Binary, true, Cancelled);
        var buffer = new byte[4096];
        WebSocketReceiveResult got;
        do
        {
            got = await seat.ReceiveAsync(buffer, Cancelled);
        }
        while (got.MessageType == WebSocketMessageType.Text); // who is in
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, got.Count));
        Assert.Equal(HttpStatusCode.NotFound, (await DialAsync(agent, asked.ChannelId)).Status);
    }

    [Fact]
    public async Task Channel_NotDialledInTime_IsGivenUpWithWordsAndGoodForNothing()
    {
        var (agent, terminal) = await ConnectAsync();
        await using var _ = agent;
        var attaching = AttachAsync(terminal);
        var asked = await agent.Channels.Reader.ReadAsync(Cancelled);
        var (_, status) = await attaching.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal(HttpStatusCode.NotFound, (await DialAsync(agent, asked.ChannelId)).Status);
    }

    [Fact]
    public async Task Channels_MoreThanADeviceOrAPersonMayHave_AreRefusedWithWordsAndGivenBack()
    {
        var (first, one) = await ConnectAsync();
        await using var _ = first;
        var (second, two) = await ConnectAsync();
        await using var __ = second;
        var seats = new List<ClientWebSocket>();
        for (var i = 0; i < 3; i++)
        {
            seats.Add(await SitAsync(first, one));
        }

        Assert.Contains($"'{first.Name}' has 3 channels open", await RefusedAsync(one), StringComparison.Ordinal);
        seats.Add(await SitAsync(second, two));
        seats.Add(await SitAsync(second, two));
        Assert.Contains("has 5 channels open", await RefusedAsync(two), StringComparison.Ordinal);

        // whoever leaves makes room
        seats[0].Abort();
        await SitAsync(first, one);
    }

    private Task<ClientWebSocket> SitAsync(FakeAgent agent, Guid terminal) => EventuallyAsync(async () =>
    {
        // those who have left may just be going
        var attaching = AttachAsync(terminal);
        using var stop = new CancellationTokenSource();
        var asked = agent.Channels.Reader.WaitToReadAsync(stop.Token).AsTask();
        if (await Task.WhenAny(attaching, asked) == attaching)
        {
            await stop.CancelAsync();
            return null;
        }

        Assert.True(agent.Channels.Reader.TryRead(out var channel));
        await DialAsync(agent, channel.ChannelId);
        var (seat, status) = await attaching;
        Assert.Equal(HttpStatusCode.SwitchingProtocols, status);
        return seat;
    }, "a seat");
}
