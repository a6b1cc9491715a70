using Microsoft.Win32.SafeHandles;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>
/// Reads an <see cref="OutputLog"/> from where the server's storage ends, in pieces. It keeps positions alone, and no data:
/// what is not acknowledged is read again from the file when it has to be sent again.
/// </summary>
internal sealed class OutputReader : IOutputSource
{
    /// <summary>Room for at least one whole frame, and for a whole report with its heads.</summary>
    private const int BufferBytes = (256 * 1024) + (64 * OutputLog.HeadBytes) + OutputLog.HeadBytes + OutputLog.MaxDataBytes;

    /// <summary>The most pieces in one report; each costs some fifty bytes besides its data.</summary>
    private const int MaxChunks = 2000;

    private const int MaxMarks = 256;

    /// <summary>Data comes in pieces of this size at most, in arrays that are used again: a busy command makes no garbage.</summary>
    private const int PieceBytes = 64 * 1024;

    private readonly Queue<Mark> _marks = new();
    private readonly string _path;
    private readonly Mark _origin;
    private SafeFileHandle? _file;
    private Mark _base;
    private Mark _at;
    private long _stdoutFrom;
    private long _stderrFrom;

    /// <summary>A reader of a log that begins at these offsets.</summary>
    public OutputReader(string path, long stdout = 0, long stderr = 0)
    {
        _path = path;
        _origin = _base = _at = new Mark(0, stdout, stderr);
    }

    /// <inheritdoc/>
    public long Stdout => Math.Max(_at.Stdout, _stdoutFrom);

    /// <inheritdoc/>
    public long Stderr => Math.Max(_at.Stderr, _stderrFrom);

    /// <summary>Up to where the file was read, in bytes.</summary>
    public long Position => _at.Position;

    /// <summary>Nothing is ever missing: a file is read from its beginning on.</summary>
    public OutputPlace? Gap => null;

    /// <inheritdoc/>
    public IReadOnlyList<OutputChunk> Read(int budget, ReadMemory memory)
    {
        if (!TryOpen())
        {
            return [];
        }

        var chunks = new List<OutputChunk>();
        var buffer = memory.Buffer;
        memory.Reuse();
        // a small read first would be a second one for each busy command; a page is what most reads find
        var length = RandomAccess.Read(_file!, buffer.AsSpan(0, BufferBytes), _at.Position);
        var (next, end, taken) = (0, 0, 0);
        var (stream, offset, start) = (OutputStream.Stdout, 0L, 0);
        while (length - next >= OutputLog.HeadBytes && chunks.Count < MaxChunks)
        {
            var (frameStream, frameLength) = OutputLog.ReadHead(buffer.AsSpan(next));
            if (length - next - OutputLog.HeadBytes < frameLength)
            {
                break;
            }

            var frameOffset = frameStream == OutputStream.Stdout ? _at.Stdout : _at.Stderr;
            var skip = (int)Math.Clamp((frameStream == OutputStream.Stdout ? _stdoutFrom : _stderrFrom) - frameOffset, 0, frameLength);
            var fresh = frameLength - skip;
            if (taken + fresh > budget)
            {
                break;
            }

            if (fresh > 0)
            {
                // frames of one stream that follow each other become one piece: their data is moved together
                if (end > start && (stream != frameStream || offset + (end - start) != frameOffset + skip))
                {
                    Add(chunks, stream, offset, buffer.AsSpan(start..end), memory);
                    start = end;
                }

                if (end == start)
                {
                    (stream, offset) = (frameStream, frameOffset + skip);
                }

                buffer.AsSpan(next + OutputLog.HeadBytes + skip, fresh).CopyTo(buffer.AsSpan(end));
                end += fresh;
                taken += fresh;
            }

            next += OutputLog.HeadBytes + frameLength;
            _at = _at.After(frameStream, frameLength);
        }

        if (end > start)
        {
            Add(chunks, stream, offset, buffer.AsSpan(start..end), memory);
        }

        if (chunks.Count > 0 && _marks.Count < MaxMarks)
        {
            _marks.Enqueue(_at);
        }

        return chunks;
    }

    /// <inheritdoc/>
    public void Forget(long stdout, long stderr)
    {
        while (_marks.TryPeek(out var mark) && mark.Stdout <= stdout && mark.Stderr <= stderr)
        {
            _base = _marks.Dequeue();
        }
    }

    /// <inheritdoc/>
    public void Seek(long stdout, long stderr)
    {
        (_stdoutFrom, _stderrFrom) = (stdout, stderr);
        _at = _base.Stdout <= stdout && _base.Stderr <= stderr ? _base : _origin;
        _marks.Clear();
        _base = _at;
        SkipStored();
        _base = _at;
    }

    /// <summary>
    /// Counts what whole frames there are from the beginning, and cuts off one that is not whole: for an execution whose host died.
    /// </summary>
    public static (long Stdout, long Stderr) Measure(string path, long stdout = 0, long stderr = 0)
    {
        try
        {
            using var reader = new OutputReader(path, stdout, stderr);
            reader._stdoutFrom = reader._stderrFrom = long.MaxValue;
            reader.SkipStored();
            if (reader._file is not null)
            {
                using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
                RandomAccess.SetLength(file, reader._at.Position);
            }

            return (reader._at.Stdout, reader._at.Stderr);
        }
        catch (FileNotFoundException)
        {
            return (stdout, stderr);
        }
    }

    /// <summary>Closes the file; another read opens it again.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private static void Add(List<OutputChunk> chunks, OutputStream stream, long offset, ReadOnlySpan<byte> data, ReadMemory memory)
    {
        for (var at = 0; at < data.Length; at += PieceBytes)
        {
            var piece = data.Slice(at, Math.Min(PieceBytes, data.Length - at));
            chunks.Add(new OutputChunk(stream, offset + at, piece.Length == PieceBytes ? memory.CopyPiece(piece) : piece.ToArray()));
        }
    }

    /// <summary>Steps over frames that are wholly stored, by their heads alone where they are large.</summary>
    private void SkipStored()
    {
        if (!TryOpen())
        {
            return;
        }

        var buffer = new byte[4096];
        var length = RandomAccess.GetLength(_file!);
        while (true)
        {
            var count = RandomAccess.Read(_file!, buffer, _at.Position);
            var next = 0;
            var moved = false;
            while (next + OutputLog.HeadBytes <= count)
            {
                var (stream, data) = OutputLog.ReadHead(buffer.AsSpan(next));
                var after = _at.After(stream, data);
                if (after.Position > length || after.Stdout > _stdoutFrom || after.Stderr > _stderrFrom)
                {
                    return;
                }

                _at = after;
                moved = true;
                next += OutputLog.HeadBytes + data;
            }

            if (!moved)
            {
                return;
            }
        }
    }

    private bool TryOpen()
    {
        try
        {
            _file ??= File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return true;
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <summary>What reads need of memory: once, for whoever reads one after the other.</summary>
    public sealed class ReadMemory
    {
        private readonly List<byte[]> _pieces = [];
        private int _used;

        /// <summary>The file's bytes.</summary>
        public byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(BufferBytes);

        /// <summary>The pieces handed out so far may be used again.</summary>
        public void Reuse() => _used = 0;

        /// <summary>A copy of a full piece.</summary>
        public byte[] CopyPiece(ReadOnlySpan<byte> data)
        {
            if (_used == _pieces.Count)
            {
                _pieces.Add(GC.AllocateUninitializedArray<byte>(PieceBytes));
            }

            var piece = _pieces[_used++];
            data.CopyTo(piece);
            return piece;
        }
    }

    /// <summary>A place between two frames.</summary>
    private readonly record struct Mark(long Position, long Stdout, long Stderr)
    {
        public Mark After(OutputStream stream, int length) => new(
            Position + OutputLog.HeadBytes + length,
            Stdout + (stream == OutputStream.Stdout ? length : 0),
            Stderr + (stream == OutputStream.Stderr ? length : 0));
    }
}
