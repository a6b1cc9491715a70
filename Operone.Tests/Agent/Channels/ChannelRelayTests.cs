using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Operone.Agent.Channels;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Channels;

/// <summary>The relay between a channel and a local socket, with both of them real and nobody else.</summary>
public sealed class ChannelRelayTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly CancellationToken _cancelled = TestContext.Current.CancellationToken;

    public void Dispose() => _temp.Dispose();

    private (Socket One, Socket Other) Pair(string name)
    {
        var address = new UnixDomainSocketEndPoint(_temp[name]);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(address);
        listener.Listen();
        var one = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        one.Connect(address);
        return (one, listener.Accept());
    }

    private static byte[] Frame(byte kind, string text)
    {
        var frame = new byte[ChannelFrames.HeadBytes + text.Length];
        ChannelFrames.WriteHead(frame, kind, text.Length);
        Encoding.ASCII.GetBytes(text, frame.AsSpan(ChannelFrames.HeadBytes));
        return frame;
    }

    [Fact]
    public async Task Relay_LocalSideThatIsGoneWhileItIsSentTo_HandsOnWhatItHasSaidLast()
    {
        for (var round = 0; round < 20; round++)
        {
            var (near, far) = Pair($"c{round}");
            using var agent = WebSocket.CreateFromStream(new NetworkStream(near, ownsSocket: true), new WebSocketCreationOptions { IsServer = false });
            using var server = WebSocket.CreateFromStream(new NetworkStream(far, ownsSocket: true), new WebSocketCreationOptions { IsServer = true });
            var (host, local) = Pair($"l{round}");
            using (local)
            {
                host.Send(Frame(ChannelFrames.Control, "ended"));
                host.Send(Frame(ChannelFrames.Close, "it stopped reading"));
                host.Dispose();
                await server.SendAsync(new byte[50_000], WebSocketMessageType.Binary, endOfMessage: true, _cancelled);
                var relaying = new ChannelRelay(agent, new NetworkStream(local)).RunAsync(_cancelled);

                var buffer = new byte[1000];
                var said = await server.ReceiveAsync(buffer.AsMemory(), _cancelled);
                Assert.Equal((WebSocketMessageType.Text, "ended"), (said.MessageType, Encoding.ASCII.GetString(buffer, 0, said.Count)));
                Assert.Equal(WebSocketMessageType.Close, (await server.ReceiveAsync(buffer.AsMemory(), _cancelled)).MessageType);
                Assert.Equal("it stopped reading", server.CloseStatusDescription);

                // what is sent to it yet is taken, and the channel ends in order
                await server.SendAsync(new byte[500_000], WebSocketMessageType.Binary, endOfMessage: true, _cancelled);
                await server.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _cancelled);
                await relaying.WaitAsync(TimeSpan.FromSeconds(20), _cancelled);
            }
        }
    }
}
