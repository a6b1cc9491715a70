using System.Globalization;
using System.Text;

namespace Operone.Web.Files.Pages.Look;

/// <summary>Bytes as <c>hexdump -C</c> writes them.</summary>
internal static class HexText
{
    /// <summary>How many bytes a line has.</summary>
    public const int PerLine = 16;

    /// <summary>The most bytes that are shown at once: four thousand lines.</summary>
    public const int MaxBytes = 64 * 1024;

    public static string Write(ReadOnlySpan<byte> bytes, long offset)
    {
        var text = new StringBuilder(((bytes.Length / PerLine) + 1) * 80);
        for (var at = 0; at < bytes.Length; at += PerLine)
        {
            var line = bytes[at..Math.Min(bytes.Length, at + PerLine)];
            text.Append(CultureInfo.InvariantCulture, $"{offset + at:x8} ");
            for (var i = 0; i < PerLine; i++)
            {
                text.Append(i == PerLine / 2 ? "  " : " ");
                text.Append(i < line.Length ? line[i].ToString("x2", CultureInfo.InvariantCulture) : "  ");
            }

            text.Append("  |");
            foreach (var unit in line)
            {
                text.Append(unit is >= 0x20 and < 0x7F ? (char)unit : '.');
            }

            text.Append("|\n");
        }

        return text.ToString();
    }
}
