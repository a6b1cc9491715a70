namespace Operone.Web.Shell.Pages.Output;

/// <summary>The last lines of each execution of a run, as plain text; only what changed is read again.</summary>
public sealed class TailTexts
{
    private const int MaxLines = 8;

    private readonly Dictionary<Guid, (byte[] Bytes, string[] Lines)> _tails = [];

    public void Update(IReadOnlyDictionary<Guid, byte[]> tails)
    {
        foreach (var (id, bytes) in tails)
        {
            if (!_tails.TryGetValue(id, out var known) || !known.Bytes.AsSpan().SequenceEqual(bytes))
            {
                _tails[id] = (bytes, Read(bytes));
            }
        }
    }

    /// <summary>The last lines that are not blank, oldest first.</summary>
    public IReadOnlyList<string> Lines(Guid executionId) => _tails.TryGetValue(executionId, out var tail) ? tail.Lines : [];

    /// <summary>The last line that is not blank, or nothing.</summary>
    public string Last(Guid executionId) => Lines(executionId) is [.., var last] ? last : "";

    private static string[] Read(byte[] bytes)
    {
        // The piece may begin amid a character.
        var start = 0;
        while (start < Math.Min(4, bytes.Length) && (bytes[start] & 0xc0) == 0x80)
        {
            start++;
        }

        var stream = new TextStream();
        var lines = new Queue<string>();
        stream.Read(bytes.AsSpan(start), Keep);
        Keep();
        return [.. lines];

        void Keep()
        {
            if (!string.IsNullOrWhiteSpace(stream.Line.Text))
            {
                lines.Enqueue(stream.Line.Text);
                if (lines.Count > MaxLines)
                {
                    lines.Dequeue();
                }
            }
        }
    }
}
