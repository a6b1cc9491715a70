namespace Operone.Web.Files.Documents;

/// <summary>The text of a PDF.</summary>
/// <param name="Pages">Of each page that was read.</param>
/// <param name="Count">How many pages it has.</param>
internal sealed record PdfText(IReadOnlyList<string> Pages, int Count)
{
    /// <summary>Whether all its pages were read.</summary>
    public bool IsWhole => Pages.Count >= Count;
}
