using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

/// <summary>A source whose agent lies about what chunks its file has: what comes of it is what its file has, or nothing.</summary>
[SupportedOSPlatform("linux")]
public sealed class LyingAgentTests(SqliteFixture fixture) : FileScene(fixture), IClassFixture<SqliteFixture>
{
    private readonly byte[] _old = RandomNumberGenerator.GetBytes(3 << 20);
    private readonly byte[] _now = RandomNumberGenerator.GetBytes(3 << 20);

    public enum Lie
    {
        /// <summary>Its file has what the target has.</summary>
        SameAsTheTarget,

        /// <summary>Its chunks are longer than its file.</summary>
        TooLong,

        /// <summary>Its chunks are shorter than its file.</summary>
        TooShort,

        /// <summary>They are no chunks.</summary>
        Nonsense,

        /// <summary>There is another file by now.</summary>
        AnotherTag,
    }

    [Theory]
    [InlineData(Lie.SameAsTheTarget)]
    [InlineData(Lie.TooLong)]
    [InlineData(Lie.TooShort)]
    [InlineData(Lie.Nonsense)]
    [InlineData(Lie.AnotherTag)]
    public async Task Copy_FromAnAgentThatLiesAboutChunks_BringsWhatTheFileHas(Lie lie)
    {
        await File.WriteAllBytesAsync(Path.Combine(Folder, "f"), _old, Cancelled);
        File.SetLastWriteTimeUtc(Path.Combine(Folder, "f"), DateTime.UtcNow.AddHours(-2));
        await using var agent = await Server.ConnectAsync($"fake-{Guid.NewGuid():N}"[..16]);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var serving = ServeAllAsync(agent, lie, done.Token);
        using var made = await Server.Owner.PostAsJsonAsync(
            "/api/v1/transfers", new CreateTransfer([$"/devices/{agent.Name}/f"], Place, Conflict: ConflictRule.Overwrite), OperoneJson.Default.CreateTransfer, Cancelled);
        var id = (await made.Content.ReadFromJsonAsync(OperoneJson.Default.TransferView, Cancelled))!.Id;
        TransferView? seen = null;
        var ended = await Eventually.BecomesAsync(
            async () => (seen = await Server.Owner.GetFromJsonAsync($"/api/v1/transfers/{id}", OperoneJson.Default.TransferView, Cancelled))!.EndedAt is null ? null : seen,
            () => $"the end; the transfer is {seen}", 60);
        Assert.True(ended.Status == TransferStatus.Completed, ended.Reason);
        Assert.Equal(_now, await File.ReadAllBytesAsync(Path.Combine(Folder, "f"), Cancelled));
        Assert.Equal(["f"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName));
        await done.CancelAsync();
        await serving;
    }

    private async Task ServeAllAsync(FakeAgent agent, Lie lie, CancellationToken cancellationToken)
    {
        var channels = new List<Task>();
        try
        {
            while (true)
            {
                var asked = await agent.Channels.Reader.ReadAsync(cancellationToken);
                channels.Add(ServeAsync(agent, asked.ChannelId, lie, cancellationToken));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(channels);
        }
    }

    private async Task ServeAsync(FakeAgent agent, Guid channel, Lie lie, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new ClientWebSocket();
            socket.Options.SetRequestHeader("Authorization", $"Bearer {agent.CreateToken()}");
            await socket.ConnectAsync(new Uri($"{Server.Url.Replace("http", "ws", StringComparison.Ordinal)}{ChannelLimits.Path}/{channel:N}"), cancellationToken);
            var buffer = new byte[64 * 1024];
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer, cancellationToken);
                if (received.MessageType != WebSocketMessageType.Text)
                {
                    return;
                }

                await AnswerAsync(socket, JsonSerializer.Deserialize(buffer.AsSpan(0, received.Count), OperoneJson.Default.FileCall)!, lie, cancellationToken);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or WebSocketException)
        {
            // the node has had enough of it, or the test has
        }
    }

    private async Task AnswerAsync(ClientWebSocket socket, FileCall call, Lie lie, CancellationToken cancellationToken)
    {
        var entry = new FileEntry { Segment = "f", Kind = FileKind.File, Size = _now.Length, Tag = "t", ModifiedAt = DateTimeOffset.UtcNow.AddHours(-1), Mode = 0x1A4 };
        switch (call.Op)
        {
            case FileOps.Stat:
                await ReplyAsync(new() { IsLast = true, Entry = entry });
                break;
            case FileOps.Hash:
                await ReplyAsync(new() { IsLast = true, Entry = entry, Sha256 = SHA256.HashData(_now) });
                break;
            case FileOps.Read:
                var (offset, length) = ((int)(call.Offset ?? 0), (int)Math.Min(call.Length ?? int.MaxValue, _now.Length - (call.Offset ?? 0)));
                await ReplyAsync(new() { Entry = entry });
                foreach (var piece in _now.AsMemory(offset, length).ToArray().Chunk(FileLimits.PieceBytes))
                {
                    await socket.SendAsync(piece, WebSocketMessageType.Binary, true, cancellationToken);
                }

                await ReplyAsync(new() { IsLast = true, Entry = entry });
                break;
            case FileOps.Chunks:
                using (var chunker = new Chunker((int)call.Length!.Value))
                {
                    var chunks = new List<FileChunk>();
                    chunker.Add(_old, chunks);
                    chunker.End(chunks);
                    var sent = lie switch { Lie.TooLong => [.. chunks, new(100_000, 1)], Lie.TooShort => chunks[..^1], Lie.Nonsense => [new(-5, 1)], _ => chunks };
                    await ReplyAsync(new() { Entry = lie == Lie.AnotherTag ? entry with { Tag = "u" } : entry });
                    await socket.SendAsync(ChunkList.Write(sent), WebSocketMessageType.Binary, true, cancellationToken);
                    await ReplyAsync(new() { IsLast = true });
                }

                break;
            default:
                await ReplyAsync(new() { IsLast = true, Problem = new(FileProblems.Unsupported, call.Op) });
                break;
        }

        Task ReplyAsync(FileReply reply) =>
            socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(reply, OperoneJson.Default.FileReply), WebSocketMessageType.Text, true, cancellationToken);
    }
}
