using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Files;
using Xunit;

namespace Operone.Tests.Agent.Files;

/// <summary>The node's end of a channel for files, over a real WebSocket on a real connection.</summary>
internal sealed class FileClient : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private readonly Task _served;

    private FileClient(WebSocket socket, Task served, FileScope scope) => (Socket, _served, Scope) = (socket, served, scope);

    public WebSocket Socket { get; }

    public FileScope Scope { get; set; }

    public Task Served => _served;

    public static async Task<FileClient> OpenAsync(Func<WebSocket, Task> serve, FileScope scope)
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
        return new FileClient(node, Task.Run(() => ServeAsync(agent)), scope);

        async Task ServeAsync(WebSocket socket)
        {
            using (socket)
            {
                await serve(socket);
            }
        }
    }

    /// <summary>A call that is answered without bytes. Gives all replies.</summary>
    public async Task<List<FileReply>> CallAsync(FileCall call)
    {
        await SendAsync(call);
        var replies = new List<FileReply>();
        do
        {
            replies.Add(await ReplyAsync());
        }
        while (!replies[^1].IsLast);
        return replies;
    }

    /// <summary>The last reply of a call.</summary>
    public async Task<FileReply> LastAsync(FileCall call) => (await CallAsync(call))[^1];

    /// <summary>The code of the problem of a call; null where it went well.</summary>
    public async Task<string?> ProblemAsync(FileCall call) => (await LastAsync(call)).Problem?.Code;

    /// <summary>All that a list, or a walk, gives.</summary>
    public async Task<List<FileEntry>> EntriesAsync(FileCall call) => [.. (await CallAsync(call)).SelectMany(r => r.Problem is null ? r.Entries ?? [] : throw new InvalidOperationException(r.Problem.Detail))];

    public async Task<ReadResult> ReadAsync(string path, long? offset = null, long? length = null, Action<int>? seen = null)
    {
        await SendAsync(new FileCall { Op = FileOps.Read, Path = path, Offset = offset, Length = length });
        var first = await ReplyAsync();
        if (first.IsLast)
        {
            return new ReadResult(null, [], 0, first);
        }

        var content = new MemoryStream();
        var holes = 0L;
        while (true)
        {
            var (bytes, reply) = await ReceiveAsync();
            if (reply is null)
            {
                content.Write(bytes.Span);
                seen?.Invoke(bytes.Length);
            }
            else if (reply.IsLast)
            {
                return new ReadResult(first.Entry, content.ToArray(), holes, reply);
            }
            else
            {
                holes += reply.Hole ?? throw new InvalidOperationException("A reply in between is a hole.");
            }
        }
    }

    /// <summary>Writes to an upload. Gives the last reply.</summary>
    public async Task<FileReply> WriteAsync(string path, Guid upload, long offset, params IEnumerable<object> parts)
    {
        await SendAsync(new FileCall { Op = FileOps.Write, Path = path, Upload = upload, Offset = offset });
        var first = await ReplyAsync();
        if (first.IsLast)
        {
            return first;
        }

        foreach (var part in parts)
        {
            if (part is byte[] bytes)
            {
                foreach (var piece in bytes.Chunk(FileLimits.PieceBytes))
                {
                    await Socket.SendAsync(piece, WebSocketMessageType.Binary, endOfMessage: true, default);
                }
            }
            else if (part is FileReuse reuse)
            {
                await SendAsync(new FileData(Reuse: reuse));
            }
            else
            {
                await SendAsync(new FileData(Hole: Convert.ToInt64(part, System.Globalization.CultureInfo.InvariantCulture)));
            }
        }

        await SendAsync(new FileData(IsEnd: true));
        var reply = await ReplyAsync();
        return reply.IsLast ? reply : await ReplyAsync();
    }

    /// <summary>Writes a file whole.</summary>
    public async Task<FileReply> PutAsync(string path, byte[] content, bool overwrite = false, string? tag = null)
    {
        var upload = Guid.NewGuid();
        var written = await WriteAsync(path, upload, 0, content);
        return written.Problem is not null
            ? written
            : await LastAsync(new FileCall { Op = FileOps.Commit, Path = path, Upload = upload, Sha256 = SHA256.HashData(content), Overwrite = overwrite, Tag = tag });
    }

    /// <summary>Puts many at once. Gives those that are not there, with the codes of their problems.</summary>
    public async Task<List<(int Index, string Code)>> PutAsync(params (SmallFile File, byte[] Content)[] files)
    {
        await SendAsync(new FileCall { Op = FileOps.Put, Path = Scope.Root });
        var first = await ReplyAsync();
        Assert.False(first.IsLast, first.Problem?.Detail);
        foreach (var (file, content) in files)
        {
            await SendAsync(new FileData(File: file));
            if (content.Length > 0)
            {
                await Socket.SendAsync(content, WebSocketMessageType.Binary, endOfMessage: true, default);
            }
        }

        await SendAsync(new FileData(IsEnd: true));
        var failures = new List<(int Index, string Code)>();
        while (true)
        {
            var reply = await ReplyAsync();
            failures.AddRange(reply.Problem is { } problem ? throw new InvalidOperationException(problem.Detail) : (reply.Failures ?? []).Select(f => (f.Index, f.Problem.Code)));
            if (reply.IsLast)
            {
                return failures;
            }
        }
    }

    /// <summary>Reads many at once: their contents, or the codes of their problems.</summary>
    public async Task<List<(byte[]? Content, string? Code)>> GetAsync(params string[] paths)
    {
        await SendAsync(new FileCall { Op = FileOps.Get, Path = Scope.Root });
        var first = await ReplyAsync();
        Assert.False(first.IsLast, first.Problem?.Detail);
        foreach (var path in paths)
        {
            await SendAsync(new FileData(File: new(path, 0)));
        }

        await SendAsync(new FileData(IsEnd: true));
        var got = new List<(byte[]? Content, string? Code)>();
        while (true)
        {
            var reply = await ReplyAsync();
            if (reply.Problem is { } problem)
            {
                throw new InvalidOperationException(problem.Detail);
            }

            if (reply.IsLast)
            {
                return got;
            }

            if (reply.Failures is [var failure])
            {
                Assert.Equal(got.Count, failure.Index);
                got.Add((null, failure.Problem.Code));
                continue;
            }

            var content = new MemoryStream();
            while (content.Length < reply.Entry!.Size)
            {
                content.Write((await ReceiveAsync()).Bytes.Span);
            }

            got.Add((content.ToArray(), null));
        }
    }

    public Task SendAsync(FileCall call) =>
        Socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(call with { Scope = Scope }, OperoneJson.Default.FileCall), WebSocketMessageType.Text, endOfMessage: true, default);

    public Task SendAsync(FileData data) =>
        Socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(data, OperoneJson.Default.FileData), WebSocketMessageType.Text, endOfMessage: true, default);

    public async Task<FileReply> ReplyAsync() => (await ReceiveAsync()).Reply ?? throw new InvalidOperationException("Bytes came where a reply should.");

    public async Task<(ReadOnlyMemory<byte> Bytes, FileReply? Reply)> ReceiveAsync()
    {
        var have = 0;
        while (true)
        {
            var received = await Socket.ReceiveAsync(_buffer.AsMemory(have), default);
            have += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                throw new InvalidOperationException($"The channel was closed: {Socket.CloseStatusDescription}");
            }

            if (received.EndOfMessage)
            {
                return received.MessageType == WebSocketMessageType.Binary
                    ? (_buffer.AsMemory(0, have), null)
                    : (default, have < 48 * 1024 ? JsonSerializer.Deserialize(_buffer.AsSpan(0, have), OperoneJson.Default.FileReply) : throw new InvalidOperationException($"A reply had {have} bytes."));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (Socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await Socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
            }

            while (Socket.State == WebSocketState.CloseSent)
            {
                await Socket.ReceiveAsync(_buffer.AsMemory(), default);
            }

            Socket.Dispose(); // whoever has dialled waits for the connection to end
            await _served;
        }
        catch (Exception problem) when (problem is WebSocketException or IOException or OperationCanceledException)
        {
            // a test has broken it
        }

        Socket.Dispose();
    }
}

/// <summary>What was read.</summary>
internal sealed record ReadResult(FileEntry? Entry, byte[] Content, long Holes, FileReply Last);
