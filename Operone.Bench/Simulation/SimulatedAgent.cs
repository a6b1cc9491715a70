using System.Buffers;
using System.Buffers.Text;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Bench.Simulation;

/// <summary>
/// An agent as the server sees one: a key of its own, a token for each connection, SignalR's JSON protocol over one
/// WebSocket, hello, reconciliation, pings, and an answer to every start. It keeps so little that 5,000 fit in a process.
/// </summary>
internal sealed class SimulatedAgent(int number, ECDsa? key, Guid deviceId, string audience) : IDisposable
{
    /// <summary>How much each execution prints.</summary>
    public const int ReplyBytes = 100;

    private const byte Separator = 0x1e;

    private static readonly byte[] _handshake = "{\"protocol\":\"json\",\"version\":1}\u001e"u8.ToArray();
    private static readonly byte[] _ping = "{\"type\":6}\u001e"u8.ToArray();
    private static readonly byte[] _reply = [.. Encoding.ASCII.GetBytes(new string('x', ReplyBytes - 1)), (byte)'\n'];
    private static readonly string _header = Base64Url.EncodeToString("{\"alg\":\"ES256\",\"typ\":\"JWT\"}"u8);

    private readonly SemaphoreSlim _sending = new(1);
    private readonly HashSet<Guid> _unacknowledged = [];
    private ClientWebSocket? _socket;

    /// <summary>Whether the server has said welcome on the connection that there is.</summary>
    public bool IsOnline { get; private set; }

    /// <summary>How many executions it was asked for.</summary>
    public int Executions { get; private set; }

    /// <summary>Connects, and stays until the connection ends. Returns how long it was good; throws what hindered it.</summary>
    public async Task ConnectAsync(Uri hub, HttpMessageInvoker http, CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        if (key is not null)
        {
            socket.Options.SetRequestHeader("Authorization", "Bearer " + CreateToken());
        }

        try
        {
            await socket.ConnectAsync(hub, http, cancellationToken);
            _socket = socket;
            await SendAsync(_handshake, cancellationToken);
            await SendAsync(Invocation("1", nameof(IDevicesHub.Hello), new Hello(ProtocolVersion.Current, "0.1.0-simulated", Facts()), OperoneJson.Default.Hello), cancellationToken);
            await ReceiveAsync(socket, cancellationToken);
        }
        finally
        {
            IsOnline = false;
            _socket = null;
        }
    }

    /// <summary>A sign of life.</summary>
    public ValueTask PingAsync(CancellationToken cancellationToken) => SendAsync(_ping, cancellationToken);

    /// <summary>How the machine does.</summary>
    public ValueTask SendTelemetryAsync(CancellationToken cancellationToken)
    {
        var sample = new TelemetrySample
        {
            At = TimeProvider.System.GetUtcNow(),
            CpuPercent = number % 100,
            MemoryUsedBytes = 1_500_000_000 + number,
            MemoryTotalBytes = 4_000_000_000,
            Load1 = 0.1,
            Processes = 120,
            NetworkReceivedPerSecond = 1000,
            NetworkSentPerSecond = 1000,
            Disks = [new("/", 10_000_000_000, 50_000_000_000)],
        };
        return SendAsync(Invocation(null, nameof(IDevicesHub.ReportTelemetry), sample, OperoneJson.Default.TelemetrySample), cancellationToken);
    }

    public void Dispose()
    {
        _sending.Dispose();
        key?.Dispose();
    }

    private async Task ReceiveAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Nothing is held while nothing comes: an empty read waits for the first byte.
            await socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken);
            var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
            try
            {
                var length = 0;
                ValueWebSocketReceiveResult received;
                do
                {
                    if (length == buffer.Length)
                    {
                        var larger = ArrayPool<byte>.Shared.Rent(length * 2);
                        buffer.AsSpan(0, length).CopyTo(larger);
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = larger;
                    }

                    received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                    length += received.Count;
                }
                while (!received.EndOfMessage && received.MessageType != WebSocketMessageType.Close);

                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                var from = 0;
                for (int end; (end = buffer.AsSpan(from, length - from).IndexOf(Separator)) >= 0; from += end + 1)
                {
                    await TakeAsync(buffer.AsMemory(from, end), cancellationToken);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private async ValueTask TakeAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var read = HubMessage.Read(message.Span);
        switch (read)
        {
            case { Type: 3, InvocationId: "1" }:
                var hello = JsonSerializer.Deserialize(message.Span[read.Payload], OperoneJson.Default.HelloReply);
                if (hello is not { Accepted: true })
                {
                    throw new InvalidDataException($"Refused: {hello?.Reason}");
                }

                await SendAsync(
                    Invocation("2", nameof(IShellHub.ReconcileExecutions), new ExecutionInventory([.. _unacknowledged]), OperoneJson.Default.ExecutionInventory),
                    cancellationToken);
                break;
            case { Type: 3 }:
                foreach (var known in JsonSerializer.Deserialize(message.Span[read.Payload], OperoneJson.Default.ExecutionReconciliation)!.Executions)
                {
                    await SettleAsync(known, cancellationToken);
                }

                IsOnline = true;
                break;
            case { Type: 1, Target: nameof(IShellClient.StartExecution) }:
                var start = JsonSerializer.Deserialize(message.Span[read.Payload], OperoneJson.Default.StartExecution)!;
                if (_unacknowledged.Add(start.ExecutionId))
                {
                    Executions++;
                    await ReportAsync(start.ExecutionId, cancellationToken);
                }

                break;
            case { Type: 1, Target: nameof(IShellClient.AcknowledgeExecution) }:
                var acknowledgement = JsonSerializer.Deserialize(message.Span[read.Payload], OperoneJson.Default.ExecutionAcknowledgement)!;
                if (acknowledgement.Ended || acknowledgement.Problem is not null)
                {
                    _unacknowledged.Remove(acknowledgement.ExecutionId);
                }

                break;
            case { Type: 7 }:
                throw new InvalidDataException("The server closes the connection: " + Encoding.UTF8.GetString(message.Span));
        }
    }

    private ValueTask SettleAsync(ExecutionAcknowledgement known, CancellationToken cancellationToken)
    {
        if (!known.Ended && known.Problem is null)
        {
            return ReportAsync(known.ExecutionId, cancellationToken);
        }

        _unacknowledged.Remove(known.ExecutionId);
        return ValueTask.CompletedTask;
    }

    private ValueTask ReportAsync(Guid execution, CancellationToken cancellationToken)
    {
        var now = TimeProvider.System.GetUtcNow();
        var report = new ExecutionReport(
            execution, now, [new OutputChunk(OutputStream.Stdout, 0, _reply)],
            new ExecutionEnd(ExecutionStatus.Succeeded, 0, "It ended with exit code 0.", now, ReplyBytes, 0));
        return SendAsync(Invocation(null, nameof(IShellHub.ReportExecution), report, OperoneJson.Default.ExecutionReport), cancellationToken);
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (_socket is not { } socket)
        {
            return;
        }

        await _sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    private static byte[] Invocation<T>(string? id, string target, T argument, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var stream = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("type", 1);
            if (id is not null)
            {
                json.WriteString("invocationId", id);
            }

            json.WriteString("target", target);
            json.WriteStartArray("arguments");
            JsonSerializer.Serialize(json, argument, type);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        stream.WriteByte(Separator);
        return stream.ToArray();
    }

    private string CreateToken()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var claims = $$"""{"iss":"{{deviceId:D}}","sub":"{{deviceId:D}}","aud":"{{JsonEncodedText.Encode(audience)}}","jti":"{{id}}","iat":{{now}},"exp":{{now + 60}}}""";
        var text = _header + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims));
        return text + "." + Base64Url.EncodeToString(key!.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256));
    }

    private DeviceFacts Facts() => new()
    {
        HostName = $"simulated-{number}",
        OperatingSystem = "Debian GNU/Linux 12 (bookworm)",
        OsVersion = "12.11",
        Kernel = "6.1.0-35-amd64",
        Architecture = "x64",
        CpuModel = "Simulated",
        CpuCount = 2,
        MemoryBytes = 4_000_000_000,
        Disks = [new("/", "ext4", 50_000_000_000)],
        Addresses = ["192.0.2.1"],
    };
}
