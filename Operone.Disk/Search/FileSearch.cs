using Operone.Core.Files;
using Operone.Core.Files.Search;

namespace Operone.Disk.Search;

/// <summary>
/// One search: goes through what is below a folder, and looks at names, or at lines. Which files are looked at, and what of them is said, is decided here alone; a sieve
/// only spares files that have nothing.
/// </summary>
internal sealed class FileSearch(FileQuery query, TextPattern? pattern, IFileSieve? sieve, Action<FileMatch> found, CancellationToken cancel) : IDisposable
{
    private const int BatchFiles = 64;
    private const long BatchBytes = 16 * 1024 * 1024;

    /// <summary>With less than that it is not worth the start of a program.</summary>
    private const int FewFiles = 4;
    private const long FewBytes = 256 * 1024;

    private readonly LineFinder? _lines = pattern is null ? null : new(pattern);
    private readonly List<(string Below, IDiskFile File, long Size)> _batch = [];
    private readonly List<FileProblem> _problems = [];
    private readonly StringComparison _comparison = query.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
    private IFileSieve? _sieve = sieve;
    private long _batchBytes;
    private long _seen;
    private long _files;
    private long _bytes;
    private long _matches;
    private long _binary;
    private long _tooLarge;
    private long _unreadable;
    private bool _isCut;
    private string _by = "agent";

    /// <summary>How many matches there are at the most.</summary>
    private int Most => query.MaxMatches ?? FileQueryLimits.Matches;

    /// <summary>How the walk goes.</summary>
    public SearchWalk How => new(query.MaxDepth ?? int.MaxValue, query.Hidden, Note);

    /// <summary>How far it is.</summary>
    public FileSearched Now => new()
    {
        Seen = _seen,
        Files = _files,
        Bytes = _bytes,
        Matches = _matches,
        Binary = _binary,
        TooLarge = _tooLarge,
        Unreadable = _unreadable,
        Problems = [.. _problems],
        IsCut = _isCut,
        By = _files == 0 ? null : _by,
    };

    /// <summary>Goes through it all.</summary>
    /// <param name="walk">What there is.</param>
    /// <param name="step">Called now and then.</param>
    public void Run(ISearchWalk walk, Action step)
    {
        while (!_isCut && walk.Next())
        {
            cancel.ThrowIfCancellationRequested();
            step();
            _seen++;
            if (!Fits(walk))
            {
                continue;
            }

            if (_lines is null)
            {
                Found(new FileMatch(walk.Below, walk.Kind));
            }
            else if (walk.Kind == FileKind.File && !walk.IsMade)
            {
                Take(walk);
            }
        }

        Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        _lines?.Dispose();
    }

    private bool Fits(ISearchWalk walk) =>
        (query.Kind is not { } kind || walk.Kind == kind) && (string.IsNullOrEmpty(query.Name) || FilePattern.MatchesName(query.Name, walk.Name, _comparison));

    private void Take(ISearchWalk walk)
    {
        IDiskFile? file;
        try
        {
            file = walk.Open();
        }
        catch (FileFault fault)
        {
            Note(fault.Problem);
            return;
        }

        if (file is null)
        {
            return;
        }

        var size = file.Entry.Size ?? 0;
        if (size > (query.MaxFileBytes ?? FileQueryLimits.FileBytes))
        {
            _tooLarge++;
            file.Dispose();
            return;
        }

        _batch.Add((walk.Below, file, size));
        _batchBytes += size;
        if (_sieve is null || _batch.Count == BatchFiles || _batchBytes >= BatchBytes)
        {
            Flush();
        }
    }

    private void Flush()
    {
        var may = _sieve is null || _batch.Count == 0 || (_batch.Count < FewFiles && _batchBytes < FewBytes) ? null : Sieve(_sieve);
        for (var i = 0; i < _batch.Count && !_isCut; i++)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                Look(_batch[i], may is null || may[i]);
            }
            catch (FileFault fault)
            {
                Note(fault.Problem);
            }
        }

        Clear();
    }

    private bool[]? Sieve(IFileSieve sieve)
    {
        var may = sieve.Sieve([.. _batch.Select(b => b.File)], cancel);
        if (may is null)
        {
            // it does not work here: the rest goes without
            _sieve = null;
            return null;
        }

        _by = sieve.Name;
        return may;
    }

    private void Look((string Below, IDiskFile File, long Size) one, bool mayHave)
    {
        if (!mayHave && IsText(one.File))
        {
            _files++;
            _bytes += one.Size;
            return;
        }

        var bytes = _lines!.Find(one.File, match => Found(match with { Path = one.Below }), cancel);
        if (bytes is null)
        {
            _binary++;
            return;
        }

        _files++;
        _bytes += Math.Min(one.Size, bytes.Value);
    }

    private static bool IsText(IDiskFile file)
    {
        Span<byte> first = stackalloc byte[8192];
        return FileText.Of(first[..file.Read(first, 0)]).Encoding != TextEncoding.None;
    }

    /// <summary>Whether more is wanted.</summary>
    private bool Found(FileMatch match)
    {
        if (_matches == Most)
        {
            _isCut = true;
            return false;
        }

        _matches++;
        found(match);
        return true;
    }

    private void Note(FileProblem problem)
    {
        _unreadable++;
        if (_problems.Count < FileQueryLimits.Problems)
        {
            _problems.Add(problem);
        }
    }

    private void Clear()
    {
        foreach (var (_, file, _) in _batch)
        {
            file.Dispose();
        }

        _batch.Clear();
        _batchBytes = 0;
    }
}
