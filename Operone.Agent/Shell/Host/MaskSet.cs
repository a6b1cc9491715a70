using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// The texts that are not to be seen in an output: each secret; a secret without the line ends after it, as a shell's
/// <c>$(cat file)</c> gives it; and of a secret of several lines each line of 8 or more characters, since lines are often
/// printed one by one.
/// </summary>
internal sealed class MaskSet
{
    /// <summary>The shortest text that is masked, in bytes. A shorter one would hide half of every output.</summary>
    public const int MinBytes = 4;

    /// <summary>The shortest line of a secret that is masked by itself, in characters without the white space around it.</summary>
    public const int MinLineLength = 8;

    // which first four bytes there are, as bits by their hash: one look tells for nearly every position that nothing begins there
    private readonly ulong[] _begins = new ulong[1024];
    private readonly Dictionary<uint, byte[][]> _byBegin;
    private readonly byte[][] _all;

    private MaskSet(IEnumerable<byte[]> texts)
    {
        _all = [.. texts];
        _byBegin = _all.GroupBy(Begin).ToDictionary(g => g.Key, g => g.OrderByDescending(t => t.Length).ToArray());
        foreach (var begin in _byBegin.Keys)
        {
            var hash = Hash(begin);
            _begins[hash >> 6] |= 1UL << (int)(hash & 63);
        }

        LongestBytes = _all.Max(t => t.Length);
    }

    /// <summary>The length of the longest text, in bytes.</summary>
    public int LongestBytes { get; }

    /// <summary>The set for these secrets; null where there is nothing to mask.</summary>
    public static MaskSet? Of(IReadOnlyList<string>? secrets)
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var secret in secrets ?? [])
        {
            texts.Add(secret);
            texts.Add(secret.TrimEnd('\r', '\n'));
            var lines = secret.Split('\n');
            texts.UnionWith(lines.Length == 1 ? [] : lines.Select(l => l.Trim()).Where(l => l.Length >= MinLineLength));
        }

        var bytes = texts.Select(Encoding.UTF8.GetBytes).Where(t => t.Length >= MinBytes).ToArray();
        return bytes.Length == 0 ? null : new MaskSet(bytes);
    }

    /// <summary>The first position from <paramref name="from"/> on where a text may begin; the data's length where there is none.</summary>
    public int FindBegin(ReadOnlySpan<byte> data, int from)
    {
        ref var first = ref MemoryMarshal.GetReference(data);
        ref var begins = ref MemoryMarshal.GetArrayDataReference(_begins);
        var last = data.Length - MinBytes;
        for (; from <= last; from++)
        {
            var hash = Hash(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, from)));
            if ((Unsafe.Add(ref begins, (int)(hash >> 6)) >> (int)(hash & 63) & 1) != 0)
            {
                return from;
            }
        }

        // too little is left to tell by
        return Math.Min(from, data.Length);
    }

    /// <summary>How many bytes the longest text that stands at the data's beginning has, or 0; and whether a longer one may stand there once more has come.</summary>
    public (int Length, bool MayGrow) Match(ReadOnlySpan<byte> data)
    {
        var mayGrow = false;
        if (data.Length < MinBytes)
        {
            foreach (var text in _all)
            {
                mayGrow |= text.AsSpan().StartsWith(data);
            }

            return (0, mayGrow);
        }

        foreach (var text in _byBegin.GetValueOrDefault(Begin(data), []))
        {
            if (text.Length > data.Length)
            {
                mayGrow |= text.AsSpan().StartsWith(data);
            }
            else if (data.StartsWith(text))
            {
                return (text.Length, mayGrow);
            }
        }

        return (0, mayGrow);
    }

    private static uint Begin(byte[] text) => Begin(text.AsSpan());

    private static uint Begin(ReadOnlySpan<byte> text) => MemoryMarshal.Read<uint>(text);

    // 16 bits (Fibonacci hashing; Knuth, The Art of Computer Programming 3, 6.4)
    private static uint Hash(uint begin) => (begin * 2654435769u) >> 16;
}
