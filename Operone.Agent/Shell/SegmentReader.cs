using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>
/// Reads <see cref="OutputSegments"/>, and tells where something is missing between them. A host that keeps the newest output deletes
/// the oldest files whether they were read or not; what the server has stored is deleted by this.
/// </summary>
internal sealed class SegmentReader(string path) : IOutputSource
{
    private OutputReader? _reader;
    private OutputSegment _current;
    private bool _hasOlder;
    private long _stdoutFrom;
    private long _stderrFrom;

    /// <inheritdoc/>
    public long Stdout => Math.Max(_reader?.Stdout ?? 0, _stdoutFrom);

    /// <inheritdoc/>
    public long Stderr => Math.Max(_reader?.Stderr ?? 0, _stderrFrom);

    /// <inheritdoc/>
    public OutputPlace? Gap { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<OutputChunk> Read(int budget, OutputReader.ReadMemory memory)
    {
        Gap = null;
        if (_reader is null && !TryBegin())
        {
            return [];
        }

        while (true)
        {
            var before = _reader!.Position;
            var chunks = _reader.Read(budget, memory);
            if (chunks.Count > 0 || budget < OutputLog.MaxDataBytes)
            {
                return chunks;
            }

            if (_reader.Position > before)
            {
                // what the server has already was passed by
                continue;
            }

            // an empty read with room for a frame is the end of the file, for good where there is another one after it
            if (OutputSegments.List(path).FirstOrDefault(s => s.Place > _current.Place) is not { Path: not null } next)
            {
                return [];
            }

            chunks = _reader.Read(budget, memory); // what came between the two looks
            if (chunks.Count > 0)
            {
                return chunks;
            }

            Open(next);
            _hasOlder = true;
        }
    }

    /// <inheritdoc/>
    public void Forget(long stdout, long stderr)
    {
        _reader?.Forget(stdout, stderr);
        if (_hasOlder && stdout >= _current.Stdout && stderr >= _current.Stderr && HasFrames(_current.Path))
        {
            _hasOlder = false;
            foreach (var old in OutputSegments.List(path).Where(s => s.Place < _current.Place))
            {
                try
                {
                    File.Delete(old.Path);
                }
                catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
                {
                    _hasOlder = true; // the host lets go of it when it is the oldest
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Seek(long stdout, long stderr)
    {
        _reader?.Dispose();
        (_reader, _stdoutFrom, _stderrFrom) = (null, stdout, stderr);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader?.Dispose();
        _reader = null;
    }

    /// <summary>Whether there is anything in it: on a full disk an empty one goes again, and what is before it is where the next host goes on.</summary>
    private static bool HasFrames(string path) => new FileInfo(path) is { Exists: true, Length: > 0 };

    /// <summary>Begins with the file that has the wanted place, or with the oldest, where that one is gone.</summary>
    private bool TryBegin()
    {
        var all = OutputSegments.List(path);
        if (all.Count == 0)
        {
            return false;
        }

        var at = Math.Max(0, all.ToList().FindLastIndex(s => s.Stdout <= _stdoutFrom && s.Stderr <= _stderrFrom));
        Open(all[at]);
        _hasOlder = at > 0;
        return true;
    }

    private void Open(OutputSegment segment)
    {
        var (stdout, stderr) = (Stdout, Stderr);
        _reader?.Dispose();
        _current = segment;
        _reader = new OutputReader(segment.Path, segment.Stdout, segment.Stderr);
        if (segment.Stdout > stdout || segment.Stderr > stderr)
        {
            Gap = new OutputPlace(Math.Max(stdout, segment.Stdout), Math.Max(stderr, segment.Stderr));
        }

        (_stdoutFrom, _stderrFrom) = (Math.Max(stdout, segment.Stdout), Math.Max(stderr, segment.Stderr));
        _reader.Seek(_stdoutFrom, _stderrFrom);
    }
}
