using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Web.Files.Documents;

namespace Operone.Web.Files.Search;

/// <summary>
/// Looks for text in the PDFs of a place. Devices find them by name, and the server reads them: what takes a PDF apart is too large for the agent,
/// and too risky for a machine that somebody relies on.
/// </summary>
internal sealed class PdfSearch(PdfTexts texts)
{
    /// <summary>The most PDFs of one place that are read.</summary>
    public const int MaxFiles = 200;

    /// <summary>The most bytes of them.</summary>
    public const long MaxBytes = 512L * 1024 * 1024;

    /// <summary>Whether what was found is a PDF by its name.</summary>
    public static bool IsPdf(string found, FilePlace place) =>
        (found.Trim('/').Length == 0 ? place.Path.Name : found).EndsWith(".pdf", StringComparison.OrdinalIgnoreCase);

    /// <summary>Searches them, up to as many matches as are left.</summary>
    public async Task<Result<FileSearched>> RunAsync(FilePlace place, FileQuery query, int left, Func<FileMatch, ValueTask> take, CancellationToken cancellationToken)
    {
        var pattern = TextPattern.Make(query with { Pdf = false });
        if (pattern.IsError)
        {
            return pattern.Error!;
        }

        var found = new List<string>();
        var names = query with
        {
            Text = null,
            IsRegex = false,
            WholeWord = false,
            Pdf = false,
            Kind = FileKind.File,
            MaxMatches = 10 * MaxFiles,
            Name = query.Name ?? "*.pdf",
            IgnoreCase = query.IgnoreCase || query.Name is null,
        };
        var listed = await place.Backend.SearchAsync(place.Scope, place.Path, names, news =>
        {
            found.AddRange(news.Found.Select(m => m.Path).Where(p => IsPdf(p, place)));
            return ValueTask.CompletedTask;
        }, cancellationToken);
        if (listed.IsError)
        {
            return listed.Error!;
        }

        // the device's search has counted the names
        var sum = new FileSearched { IsCut = listed.Value.IsCut || found.Count > MaxFiles, By = "server" };
        foreach (var address in found.Take(MaxFiles))
        {
            if (sum.Matches >= left || sum.Bytes >= MaxBytes)
            {
                return sum with { IsCut = true };
            }

            sum = sum.Plus(await SearchAsync(place, TreePath.Parse(address).Value, query, pattern.Value, left - (int)sum.Matches, take, cancellationToken));
        }

        return sum;
    }

    private async Task<FileSearched> SearchAsync(
        FilePlace place, TreePath below, FileQuery query, TextPattern pattern, int left, Func<FileMatch, ValueTask> take, CancellationToken cancellationToken)
    {
        var path = place.Path.Join(below);
        var opened = await place.Backend.ReadAsync(place.Scope, path, 0, null, cancellationToken);
        if (opened.IsError)
        {
            return Unreadable(below, opened.Error!);
        }

        await using var reading = opened.Value;
        var size = reading.Entry.Size ?? 0;
        if (size > Math.Min(PdfProgram.MaxBytes, query.MaxFileBytes ?? FileQueryLimits.FileBytes))
        {
            return new() { TooLarge = 1 };
        }

        var text = await texts.ReadAsync(FileName.Display(path.Name), reading, cancellationToken);
        if (text.IsError)
        {
            return Unreadable(below, text.Error!);
        }

        var matches = 0;
        for (var page = 0; page < text.Value.Pages.Count; page++)
        {
            var line = 0;
            foreach (var written in text.Value.Pages[page].Split('\n'))
            {
                line++;
                var at = pattern.Find(written, out var length);
                if (at < 0)
                {
                    continue;
                }

                if (matches == left)
                {
                    return new() { Files = 1, Bytes = size, Matches = matches, IsCut = true };
                }

                matches++;
                await take(Match(below, page + 1, line, written, at, length));
            }
        }

        return new() { Files = 1, Bytes = size, Matches = matches, IsCut = !text.Value.IsWhole };
    }

    private static FileMatch Match(TreePath below, int page, int line, string written, int at, int length)
    {
        var from = Math.Max(0, at - (FileQueryLimits.ShownText / 3));
        return new(below.ToAddress(), FileKind.File, line, at + 1, length, Text: written.Substring(from, Math.Min(FileQueryLimits.ShownText, written.Length - from)), Cut: from == 0 ? null : from, Page: page);
    }

    private static FileSearched Unreadable(TreePath below, Error error) => new()
    {
        Unreadable = 1,
        Problems = [new(error.Code, $"{FileName.Display(below.Name)}: {error.Title} {error.Detail}")],
    };
}
