using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Operone.Agent.Shell;

/// <summary>
/// Where the newest output is kept: an <see cref="OutputLog"/> in several files, of which the oldest go. The first is <c>output</c>, the
/// others are <c>output.&lt;stdout&gt;.&lt;stderr&gt;</c>, by the offsets at which they begin. One is full at an eighth of the limit; before
/// the next one is begun, the oldest are deleted until what is left is within the limit. So the disk never has more than the limit and
/// one file (where the limit is less than a file, two of them), whoever reads or does not. Where a file begins later than the one before it ends, what is between them was lost.
/// </summary>
internal sealed class OutputSegments(string path, long limitBytes) : IDisposable
{
    private const long SmallestBytes = 32 * 1024;
    private const long LargestBytes = 8 * 1024 * 1024;

    private readonly long _fullAt = Math.Clamp(limitBytes / 8, SmallestBytes, LargestBytes);
    private SafeFileHandle? _file;
    private string _current = "";
    private long _position;

    /// <summary>The files that there are, the oldest first.</summary>
    public static IReadOnlyList<OutputSegment> List(string path)
    {
        var found = new List<OutputSegment>();
        try
        {
            foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + "*"))
            {
                if (file.Length == path.Length)
                {
                    found.Add(new(file, 0, 0));
                }
                else if (file[(path.Length + 1)..].Split('.') is [var stdout, var stderr]
                    && long.TryParse(stdout, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                    && long.TryParse(stderr, NumberStyles.None, CultureInfo.InvariantCulture, out var second))
                {
                    found.Add(new(file, first, second));
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // its folder is gone: there is nothing
        }

        found.Sort(static (a, b) => a.Place.CompareTo(b.Place));
        return found;
    }

    /// <summary>Up to where the streams go, whole frames alone; one that is not whole is cut off, for an execution whose host died.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static (long Stdout, long Stderr) Measure(string path) =>
        List(path) is [.., var last] ? OutputReader.Measure(last.Path, last.Stdout, last.Stderr) : (0, 0);

    /// <summary>Writes a frame that begins at these offsets. Where the disk does not take it, it is lost, and the next one begins another file.</summary>
    public bool TryWrite(ReadOnlySpan<byte> frame, long stdout, long stderr)
    {
        try
        {
            if (_file is null || _position >= _fullAt)
            {
                Begin(stdout, stderr);
            }

            RandomAccess.Write(_file!, frame, _position);
            _position += frame.Length;
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Abandon();
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private void Begin(long stdout, long stderr)
    {
        _file?.Dispose();
        (_file, _position) = (null, 0);
        _current = stdout + stderr == 0 ? path : string.Create(CultureInfo.InvariantCulture, $"{path}.{stdout}.{stderr}");
        LetGoOfTheOldest();
        _file = File.OpenHandle(_current, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    }

    private void LetGoOfTheOldest()
    {
        var there = List(path).Select(s => (s.Path, Bytes: SizeOf(s.Path))).ToList();
        var sum = there.Sum(s => s.Bytes);

        // the newest stays however small the limit: from it the next host goes on
        foreach (var (file, bytes) in there.SkipLast(1))
        {
            if (sum <= limitBytes)
            {
                return;
            }

            File.Delete(file);
            sum -= bytes;
        }
    }

    private static long SizeOf(string file)
    {
        try
        {
            return new FileInfo(file).Length;
        }
        catch (FileNotFoundException)
        {
            return 0; // the agent has just deleted it: all of it is stored
        }
    }

    /// <summary>Leaves whole frames alone, and no file that has none: on a full disk there would be one for each frame.</summary>
    private void Abandon()
    {
        try
        {
            using var file = _file;
            if (_position == 0)
            {
                File.Delete(_current);
            }
            else if (file is not null)
            {
                RandomAccess.SetLength(file, _position);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // the frame stays cut short, and a reader stops before it all the same
        }

        (_file, _position) = (null, 0);
    }
}

/// <summary>One of the files.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Stdout">The offset of standard output at which it begins.</param>
/// <param name="Stderr">The same of standard error.</param>
internal readonly record struct OutputSegment(string Path, long Stdout, long Stderr)
{
    /// <summary>What it comes after: how much was printed before it.</summary>
    public long Place => Stdout + Stderr;
}
