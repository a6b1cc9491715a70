using System.Net;
using System.Net.WebSockets;
using System.Text;
using Operone.Core.Channels;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

/// <summary>Files of a device whose agent answers what it should not.</summary>
public sealed class HostileAgentTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    private const string Entry = """{"segment":"f","kind":"file","size":10,"tag":"t"}""";

    [Theory]
    [InlineData("""{"isLast":true,"entries":[{"segment":"..","kind":"folder"}],"count":1}""")]
    [InlineData("""{"isLast":true,"entries":[{"segment":"%2e%2e","kind":"folder"}],"count":1}""")]
    [InlineData("""{"isLast":true,"entries":[{"segment":"a/b","kind":"file"}],"count":1}""")]
    [InlineData("""{"isLast":true,"entries":[{"segment":"a%2Fb","kind":"file"}],"count":1}""")]
    [InlineData("""{"isLast":true,"entries":[{"segment":"a%00","kind":"file"}],"count":1}""")]
    [InlineData("""{"isLast":true,"entries":[{"segment":"","kind":"file"}],"count":1}""")]
    [InlineData("""{"isLast":true,"entries":[{"segment":"%zz","kind":"file"}],"count":1}""")]
    [InlineData("""{"isLast":true,"entries":[{"segment":"f","kind":"file"}],"count":1,"offset":7}""")]
    public async Task Listing_WithWhatIsNoName_IsNotBelieved(string reply)
    {
        using var answer = await AskAsync(Json("/"), Text(reply));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.EndsWith("/file-not-understood", (await OperoneServer.ReadProblemAsync(answer)).Type, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"isLast":true,"entries":[{}]}""")]
    public async Task Reply_ThatIsNone_IsALostConnection(string reply)
    {
        using var answer = await AskAsync(Json("/"), Text(reply));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact]
    public async Task Bytes_ThatNobodyAskedFor_AreALostConnection()
    {
        using var answer = await AskAsync(Json("/"), async socket => await socket.SendAsync(new byte[100], WebSocketMessageType.Binary, true, Cancelled));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact]
    public async Task Reply_WithoutEnd_IsCutOff()
    {
        using var answer = await AskAsync(Json("/"), async socket =>
        {
            var piece = Encoding.ASCII.GetBytes(new string(' ', 32 * 1024));
            for (var i = 0; i < 10 && socket.State == WebSocketState.Open; i++)
            {
                await socket.SendAsync(piece, WebSocketMessageType.Text, false, Cancelled);
            }
        });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact]
    public async Task Range_ThatIsLongerThanAskedFor_IsGivenToNobody()
    {
        // the first answer is of the stat, the second one of the read
        var call = 0;
        using var request = new HttpRequestMessage(HttpMethod.Get, "f");
        request.Headers.Range = new(0, 3);
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
        {
            using var answer = await AskAsync(request, async socket =>
            {
                if (++call == 1)
                {
                    await Text($$"""{"isLast":true,"entry":{{Entry}}}""")(socket);
                    return;
                }

                await Text($$"""{"entry":{{Entry}}}""")(socket);
                await socket.SendAsync("0123456789"u8.ToArray(), WebSocketMessageType.Binary, true, Cancelled);
                await Text("""{"isLast":true}""")(socket);
            });
            await answer.Content.ReadAsStringAsync(Cancelled);
        });
    }

    [Fact]
    public async Task File_ThatBreaksOff_IsNotTakenForWhole()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "f");
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
        {
            using var answer = await AskAsync(request, async socket =>
            {
                await Text($$"""{"entry":{{Entry}}}""")(socket);
                await socket.SendAsync("0123"u8.ToArray(), WebSocketMessageType.Binary, true, Cancelled);
                socket.Abort();
            });
            await answer.Content.ReadAsStringAsync(Cancelled);
        });
    }

    private static HttpRequestMessage Json(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept", "application/json");
        return request;
    }

    private static Func<ClientWebSocket, Task> Text(string text) =>
        socket => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

    /// <summary>Asks the node, and answers each call as the agent.</summary>
    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, Func<ClientWebSocket, Task> answer)
    {
        await using var agent = await Server.ConnectAsync($"fake-{Guid.NewGuid():N}"[..16]);
        request.RequestUri = new Uri($"/api/v1/files/devices/{agent.Name}/{request.RequestUri!.OriginalString.TrimStart('/')}", UriKind.Relative);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var serving = ServeAsync(agent, answer, done.Token);
        try
        {
            var response = await Server.Owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
            await response.Content.LoadIntoBufferAsync(Cancelled);
            return response;
        }
        finally
        {
            await done.CancelAsync();
            await serving;
        }
    }

    private async Task ServeAsync(FakeAgent agent, Func<ClientWebSocket, Task> answer, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var asked = await agent.Channels.Reader.ReadAsync(cancellationToken);
                using var socket = new ClientWebSocket();
                socket.Options.SetRequestHeader("Authorization", $"Bearer {agent.CreateToken()}");
                await socket.ConnectAsync(new Uri($"{Server.Url.Replace("http", "ws", StringComparison.Ordinal)}{ChannelLimits.Path}/{asked.ChannelId:N}"), cancellationToken);
                while (socket.State == WebSocketState.Open && (await socket.ReceiveAsync(buffer, cancellationToken)).MessageType == WebSocketMessageType.Text)
                {
                    await answer(socket);
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // the node has had enough of it, or the test has
        }
    }
}
