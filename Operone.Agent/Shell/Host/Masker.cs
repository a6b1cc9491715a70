namespace Operone.Agent.Shell.Host;

/// <summary>
/// Hides secrets in one stream, however it is cut into pieces: wherever one of them stands, <c>***</c> comes out instead.
/// Secrets that overlap are hidden together, so that no end of one is left standing after another. What may still become a
/// secret is held back, which is always less than the longest one; everything else comes out at once, byte for byte.
/// </summary>
internal sealed class Masker(MaskSet masks)
{
    private byte[] _work = [];

    // what is held back stands at the front of _work; so many of its first bytes are in a secret that has been replaced already
    private int _held;
    private int _hidden;

    /// <summary>The most that is held back, in bytes.</summary>
    public int MaxHeldBytes => masks.LongestBytes - 1;

    /// <summary>Takes the next piece, and writes what can be told of it. Gives the number of bytes written.</summary>
    /// <param name="data">The piece.</param>
    /// <param name="to">Has room for the piece and <see cref="MaxHeldBytes"/> more: what comes out is never longer than what went in.</param>
    public int Take(ReadOnlySpan<byte> data, Span<byte> to)
    {
        var length = _held + data.Length;
        if (_work.Length < length)
        {
            Array.Resize(ref _work, Math.Max(length, _work.Length * 2));
        }

        data.CopyTo(_work.AsSpan(_held));
        return Scan(length, isLast: false, to);
    }

    /// <summary>Nothing more comes: writes what was held back.</summary>
    /// <param name="to">Has room for <see cref="MaxHeldBytes"/>.</param>
    public int Finish(Span<byte> to) => Scan(_held, isLast: true, to);

    private int Scan(int length, bool isLast, Span<byte> to)
    {
        var data = _work.AsSpan(0, length);
        var (written, next, hidden, hold) = (0, _hidden, _hidden, length);
        for (var at = masks.FindBegin(data, 0); at < length; at = masks.FindBegin(data, at + 1))
        {
            var (found, mayGrow) = masks.Match(data[at..]);
            if (found > 0)
            {
                if (at >= hidden)
                {
                    written += Copy(data[next..at], to[written..]);
                    written += Copy("***"u8, to[written..]);
                }

                next = hidden = Math.Max(hidden, at + found);
            }

            if (mayGrow && !isLast)
            {
                hold = at;
                break;
            }
        }

        if (next < hold)
        {
            written += Copy(data[next..hold], to[written..]);
        }

        data[hold..].CopyTo(_work);
        (_held, _hidden) = (length - hold, Math.Max(0, hidden - hold));
        return written;
    }

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        from.CopyTo(to);
        return from.Length;
    }
}
