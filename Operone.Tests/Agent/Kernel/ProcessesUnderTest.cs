using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Agent.Kernel;
using Operone.Agent.Platforms;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Kernel;

namespace Operone.Tests.Agent.Kernel;

/// <summary>The agent's service for processes, in this process, and channels to it.</summary>
internal sealed class ProcessesUnderTest(Func<IProcesses>? open = null, TimeProvider? time = null)
{
    public ProcessService Service { get; } = new(open ?? Platform.Current.Processes, () => [], time ?? TimeProvider.System, NullLoggerFactory.Instance);

    public async Task<ProcessClient> OpenAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var dialled = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await dialled.ConnectAsync(listener.LocalEndPoint!);
        var accepted = await listener.AcceptAsync();
        accepted.NoDelay = true;
        var agent = WebSocket.CreateFromStream(new NetworkStream(dialled, ownsSocket: true), new WebSocketCreationOptions());
        var node = WebSocket.CreateFromStream(new NetworkStream(accepted, ownsSocket: true), new WebSocketCreationOptions { IsServer = true });
        return new ProcessClient(node, Task.Run(async () =>
        {
            using (agent)
            {
                await Service.ServeAsync(new OpenChannel(Guid.NewGuid(), ChannelPurposes.Processes, Guid.Empty, "{}"), agent, default);
            }
        }));
    }
}

/// <summary>The node's end of a channel for processes.</summary>
internal sealed class ProcessClient(WebSocket socket, Task served) : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[1024 * 1024];

    public WebSocket Socket => socket;

    public Task Served => served;

    /// <summary>The largest message that has come, in bytes.</summary>
    public int Largest { get; private set; }

    public Task SayAsync(ProcessCall call) => SayAsync(JsonSerializer.SerializeToUtf8Bytes(call, OperoneJson.Default.ProcessCall));

    public Task SayAsync(byte[] text) => socket.SendAsync((ArraySegment<byte>)text, WebSocketMessageType.Text, true, default);

    /// <summary>The next answer; null where the device has closed.</summary>
    public async Task<ProcessReply?> HearAsync(double seconds = 30)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var have = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(_buffer.AsMemory(have), patience.Token);
            have += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            if (received.EndOfMessage)
            {
                Largest = Math.Max(Largest, have);
                return JsonSerializer.Deserialize(_buffer.AsSpan(0, have), OperoneJson.Default.ProcessReply);
            }
        }
    }

    /// <summary>A whole sample, taken into the table.</summary>
    public async Task<List<ProcessReply>> SampleAsync(ProcessTable table)
    {
        var replies = new List<ProcessReply>();
        do
        {
            replies.Add(await HearAsync() ?? throw new InvalidOperationException($"Closed: {socket.CloseStatusDescription}"));
            if (replies[^1].Problem is { } problem)
            {
                throw new InvalidOperationException(problem.Detail);
            }

            if (!table.Apply(replies[^1]))
            {
                throw new InvalidOperationException("It makes no sense.");
            }
        }
        while (replies[^1].Sample is null);
        return replies;
    }

    /// <summary>The last answer to a call.</summary>
    public async Task<ProcessReply> LastAsync(ProcessCall call)
    {
        await SayAsync(call);
        while (true)
        {
            var reply = await HearAsync() ?? throw new InvalidOperationException($"Closed: {socket.CloseStatusDescription}");
            if (reply.IsLast)
            {
                return reply;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        try
        {
            await served;
        }
        catch (Exception problem) when (problem is WebSocketException or IOException)
        {
            // that is how it ends for the agent where the node is gone
        }
    }
}

/// <summary>Processes that are not there, as many and as strange as a test wants. Their processor's time goes on by a sample.</summary>
internal sealed class FakeProcesses : IProcesses
{
    public List<ProcessReading> Readings { get; } = [];

    public Func<ProcessReading, ProcessFacts?> OnFacts { get; set; } = r => new ProcessFacts($"p{r.Pid}", [$"/usr/bin/p{r.Pid}", "--some"], false, "root", DateTimeOffset.UnixEpoch);

    public Action OnRead { get; set; } = () => { };

    public int Reads { get; private set; }

    public int FactsRead { get; private set; }

    public IReadOnlyList<string> Missing { get; set; } = [];

    public long MemoryTotal => 1 << 30;

    public bool CanStop => true;

    public void Add(int pid, int parent = 1, long start = 1, long cpu = 0) =>
        Readings.Add(new ProcessReading(pid, start, parent, (uint)pid, cpu, 4096, 1, ProcessState.Sleeping, false));

    public void Read(List<ProcessReading> into)
    {
        Reads++;
        OnRead();
        into.Clear();
        into.AddRange(Readings);
    }

    public ProcessFacts? Facts(in ProcessReading reading)
    {
        FactsRead++;
        return OnFacts(reading);
    }

    public (ProcessDetails Details, IReadOnlyList<ProcessFile>? Files)? Look(ProcessIdentity process) => null;

    public ProcessProblem? Signal(ProcessIdentity process, string signal) => null;

    public void Dispose()
    {
    }
}
