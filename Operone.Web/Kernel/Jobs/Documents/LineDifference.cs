namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>What is different between two texts, line by line.</summary>
internal static class LineDifference
{
    // of larger ones what is in the middle is told as replaced
    private const int MaxCells = 4_000_000;

    /// <summary>The lines of both in order; each begins with '+', '-' or a space.</summary>
    public static IReadOnlyList<string> Of(string before, string after)
    {
        var (a, b) = (Lines(before), Lines(after));
        var start = 0;
        while (start < a.Length && start < b.Length && a[start] == b[start])
        {
            start++;
        }

        var end = 0;
        while (end < a.Length - start && end < b.Length - start && a[^(end + 1)] == b[^(end + 1)])
        {
            end++;
        }

        return [.. a[..start].Select(l => " " + l), .. Middle(a[start..^end], b[start..^end]), .. a[^end..].Select(l => " " + l)];
    }

    private static IEnumerable<string> Middle(string[] a, string[] b)
    {
        if ((long)a.Length * b.Length > MaxCells)
        {
            return [.. a.Select(l => "-" + l), .. b.Select(l => "+" + l)];
        }

        // the longest common subsequence, from the end to the beginning
        var longest = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                longest[i, j] = a[i] == b[j] ? longest[i + 1, j + 1] + 1 : Math.Max(longest[i + 1, j], longest[i, j + 1]);
            }
        }

        var lines = new List<string>();
        for (int i = 0, j = 0; i < a.Length || j < b.Length;)
        {
            if (i < a.Length && j < b.Length && a[i] == b[j])
            {
                lines.Add(" " + a[i++]);
                j++;
            }
            else if (i < a.Length && (j == b.Length || longest[i + 1, j] >= longest[i, j + 1]))
            {
                lines.Add("-" + a[i++]);
            }
            else
            {
                lines.Add("+" + b[j++]);
            }
        }

        return lines;
    }

    private static string[] Lines(string text) => (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
}
