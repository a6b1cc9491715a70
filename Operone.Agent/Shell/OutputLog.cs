using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Operone.Agent.Shell.Host;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>
/// The file <c>output</c>: frames, one after the other, in the order in which the output arrived. A frame is one byte for
/// the stream (<see cref="OutputStream"/>), four bytes for the length, little endian, and the data. A reader that finds a
/// frame cut short waits: it is being written.
/// </summary>
internal static class OutputLog
{
    /// <summary>The length of a frame's head, in bytes.</summary>
    public const int HeadBytes = 5;

    /// <summary>The most data in one frame, in bytes. It is what a reader must have room for.</summary>
    public const int MaxDataBytes = 128 * 1024;

    /// <summary>Writes a frame's head.</summary>
    public static void WriteHead(Span<byte> to, OutputStream stream, int length)
    {
        to[0] = (byte)stream;
        BinaryPrimitives.WriteInt32LittleEndian(to[1..], length);
    }

    /// <summary>Reads a frame's head.</summary>
    public static (OutputStream Stream, int Length) ReadHead(ReadOnlySpan<byte> head) =>
        ((OutputStream)head[0], BinaryPrimitives.ReadInt32LittleEndian(head[1..]));
}

/// <summary>
/// Writes an <see cref="OutputLog"/> up to a limit, and counts what comes past it. A disk that takes no more counts as a
/// limit too, and <see cref="Problem"/> says so. Where the newest output is kept there is no limit, and what a disk does not take is
/// a gap. Secrets are hidden before anything is written or counted.
/// </summary>
internal sealed class OutputWriter(string path, long limitBytes, MaskSet? masks = null) : IDisposable
{
    private readonly (Masker Stdout, Masker Stderr)? _maskers = masks is null ? null : (new Masker(masks), new Masker(masks));
    private byte[] _masked = [];
    private OutputSegments? _newest;
    private SafeFileHandle? _file;
    private long _position;
    private long _allowance;

    /// <summary>Bytes of standard output kept; where the newest are kept, all that were printed.</summary>
    public long StdoutBytes { get; private set; }

    /// <summary>The same of standard error.</summary>
    public long StderrBytes { get; private set; }

    /// <summary>Bytes that were not kept.</summary>
    public long DiscardedBytes { get; private set; }

    /// <summary>Why output could not be stored, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether more would be discarded.</summary>
    public bool IsFull => Problem is not null || (_newest is null && StdoutBytes + StderrBytes >= limitBytes + _allowance);

    /// <summary>Goes on with a log that another host has left: behind its last whole frame.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static OutputWriter Continue(string path, long limitBytes, MaskSet? masks)
    {
        var (stdout, stderr) = OutputReader.Measure(path);
        var writer = new OutputWriter(path, limitBytes, masks) { StdoutBytes = stdout, StderrBytes = stderr };
        if (File.Exists(path))
        {
            writer._file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            writer._position = RandomAccess.GetLength(writer._file);
        }

        return writer;
    }

    /// <summary>Keeps the newest output instead, in <see cref="OutputSegments"/>; goes on behind what another host has left.</summary>
    /// <exception cref="IOException">What is there cannot be read.</exception>
    public static OutputWriter OfNewest(string path, long limitBytes, MaskSet? masks)
    {
        var (stdout, stderr) = OutputSegments.Measure(path);
        return new OutputWriter(path, limitBytes, masks) { StdoutBytes = stdout, StderrBytes = stderr, _newest = new OutputSegments(path, limitBytes) };
    }

    /// <summary>Appends data. <paramref name="frame"/> has room for the head before the data, so that one write does it.</summary>
    /// <returns>Whether a reader finds something new.</returns>
    public bool Append(OutputStream stream, Span<byte> frame, int dataBytes)
    {
        if (MaskerOf(stream) is not { } masker)
        {
            return Store(stream, frame, dataBytes);
        }

        MakeRoom(dataBytes + masker.MaxHeldBytes);
        return StoreMasked(stream, masker.Take(frame.Slice(OutputLog.HeadBytes, dataBytes), _masked.AsSpan(OutputLog.HeadBytes)));
    }

    /// <summary>Lets some bytes more be kept, for a word about the limit itself.</summary>
    public void Allow(int bytes) => _allowance += bytes;

    /// <summary>Nothing more comes: what was held back, because it might have become a secret, is written too.</summary>
    public void Finish()
    {
        foreach (var stream in (OutputStream[])[OutputStream.Stdout, OutputStream.Stderr])
        {
            if (MaskerOf(stream) is { } masker)
            {
                MakeRoom(masker.MaxHeldBytes);
                StoreMasked(stream, masker.Finish(_masked.AsSpan(OutputLog.HeadBytes)));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _newest?.Dispose();
    }

    private Masker? MaskerOf(OutputStream stream) => stream == OutputStream.Stdout ? _maskers?.Stdout : _maskers?.Stderr;

    private void MakeRoom(int dataBytes)
    {
        if (_masked.Length < OutputLog.HeadBytes + dataBytes)
        {
            _masked = GC.AllocateUninitializedArray<byte>(OutputLog.HeadBytes + Math.Max(dataBytes, OutputLog.MaxDataBytes));
        }
    }

    /// <summary>Stores what a masker wrote: what it had held back may make it more than one frame.</summary>
    private bool StoreMasked(OutputStream stream, int dataBytes)
    {
        var isNew = false;
        for (var at = 0; at < dataBytes; at += OutputLog.MaxDataBytes)
        {
            // the head takes the place of what was stored before it
            isNew |= Store(stream, _masked.AsSpan(at), Math.Min(dataBytes - at, OutputLog.MaxDataBytes));
        }

        return isNew;
    }

    private bool Store(OutputStream stream, Span<byte> frame, int dataBytes)
    {
        if (_newest is not null)
        {
            OutputLog.WriteHead(frame, stream, dataBytes);
            var isThere = dataBytes > 0 && _newest.TryWrite(frame[..(OutputLog.HeadBytes + dataBytes)], StdoutBytes, StderrBytes);
            StdoutBytes += stream == OutputStream.Stdout ? dataBytes : 0;
            StderrBytes += stream == OutputStream.Stderr ? dataBytes : 0;
            return isThere;
        }

        var kept = Problem is not null ? 0 : (int)Math.Clamp(limitBytes + _allowance - StdoutBytes - StderrBytes, 0, dataBytes);
        if (kept > 0)
        {
            kept = TryWrite(stream, frame, kept) ? kept : 0;
        }

        DiscardedBytes += dataBytes - kept;
        StdoutBytes += stream == OutputStream.Stdout ? kept : 0;
        StderrBytes += stream == OutputStream.Stderr ? kept : 0;
        return kept > 0;
    }

    private bool TryWrite(OutputStream stream, Span<byte> frame, int length)
    {
        try
        {
            _file ??= File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            OutputLog.WriteHead(frame, stream, length);
            RandomAccess.Write(_file, frame[..(OutputLog.HeadBytes + length)], _position);
            _position += OutputLog.HeadBytes + length;
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Problem = problem.Message;
            CutBack();
            return false;
        }
    }

    /// <summary>Takes away what was written of the last frame. It also makes room for the end on a full disk.</summary>
    private void CutBack()
    {
        try
        {
            if (_file is not null)
            {
                RandomAccess.SetLength(_file, _position);
            }
        }
        catch (IOException)
        {
            // the frame stays cut short, and a reader stops before it all the same
        }
    }
}
