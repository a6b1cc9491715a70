using System.Buffers;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Files;

namespace Operone.Agent.Files;

/// <summary>Sends entries in as many replies as they need, none longer than a message may be.</summary>
internal sealed class EntrySender(FileTask task) : IDisposable
{
    /// <summary>When a reply is sent. The longest entry has its link's target, percent-encoded: 12 KiB.</summary>
    private const int FullBytes = 32 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(FullBytes * 2);
    private Utf8JsonWriter? _writer;
    private int _count;

    /// <summary>How many were added.</summary>
    public long Total { get; private set; }

    /// <summary>Adds one; sends what is full.</summary>
    public ValueTask AddAsync(FileEntry entry)
    {
        var writer = Begin();
        JsonSerializer.Serialize(writer, entry, OperoneJson.Default.FileEntry);
        Total++;
        return ++_count == FileLimits.BatchEntries || writer.BytesCommitted + writer.BytesPending > FullBytes ? SendAsync(isLast: false, null, null) : default;
    }

    /// <summary>Sends what is there; more may follow.</summary>
    public ValueTask FlushAsync() => _count > 0 ? SendAsync(isLast: false, null, null) : default;

    /// <summary>Sends the rest, and that it was all.</summary>
    public ValueTask EndAsync(long? count, FileProblem? problem = null)
    {
        Begin();
        return SendAsync(isLast: true, count, problem);
    }

    /// <inheritdoc/>
    public void Dispose() => _writer?.Dispose();

    private Utf8JsonWriter Begin()
    {
        _writer ??= new Utf8JsonWriter(_buffer);
        if (_count == 0)
        {
            _buffer.ResetWrittenCount();
            _writer.Reset();
            _writer.WriteStartObject();
            _writer.WriteStartArray("entries"u8);
        }

        return _writer;
    }

    private ValueTask SendAsync(bool isLast, long? count, FileProblem? problem)
    {
        var writer = _writer!;
        writer.WriteEndArray();
        writer.WriteBoolean("isLast"u8, isLast);
        if (task.Call is { Op: FileOps.List, Offset: { } skipped })
        {
            writer.WriteNumber("offset"u8, skipped);
        }

        if (count is { } number)
        {
            writer.WriteNumber("count"u8, number);
        }

        if (problem is not null)
        {
            writer.WritePropertyName("problem"u8);
            JsonSerializer.Serialize(writer, problem, OperoneJson.Default.FileProblem);
        }

        writer.WriteEndObject();
        writer.Flush();
        _count = 0;
        return task.Channel.SendTextAsync(_buffer.WrittenMemory, task.Cancel);
    }
}
