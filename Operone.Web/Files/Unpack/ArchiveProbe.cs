using System.IO.Compression;
using ZstdSharp;

namespace Operone.Web.Files.Unpack;

/// <summary>Which format an archive has: what counts are its first bytes, not its name.</summary>
internal static class ArchiveProbe
{
    /// <summary>How many of them are looked at.</summary>
    public const int Bytes = 512;

    /// <summary>A tar without its compression.</summary>
    public static Stream Plain(string format, Stream stream) => format switch
    {
        "tar.gz" => new GZipStream(stream, CompressionMode.Decompress),
        "tar.zst" => new DecompressionStream(stream),
        _ => stream,
    };

    /// <summary>What it is; see <see cref="Bytes"/>.</summary>
    /// <exception cref="UnpackStop">It is none that can be read.</exception>
    public static string FormatOf(ReadOnlySpan<byte> first) =>
        first.StartsWith("PK\x03\x04"u8) || first.StartsWith("PK\x05\x06"u8) ? "zip"
        : first is [0x1F, 0x8B, ..] ? "tar.gz"
        : first is [0x28, 0xB5, 0x2F, 0xFD, ..] ? "tar.zst"
        : first.Length >= 262 && first[257..].StartsWith("ustar"u8) || (first.Length == Bytes && IsOldTar(first)) ? "tar"
        : throw UnpackStop.Unknown();

    /// <summary>A tar from before POSIX has no mark, but a checksum in octal digits; one that has nothing in it is zeros alone.</summary>
    private static bool IsOldTar(ReadOnlySpan<byte> head)
    {
        if (head.IndexOfAnyExcept((byte)0) < 0)
        {
            return true;
        }

        var (sum, said) = (0, 0);
        for (var i = 0; i < head.Length; i++)
        {
            sum += i is >= 148 and < 156 ? ' ' : head[i];
        }

        foreach (var digit in head.Slice(148, 8).Trim("\0 "u8))
        {
            said = digit is >= (byte)'0' and <= (byte)'7' ? (said * 8) + digit - '0' : -1;
        }

        return sum == said;
    }
}
