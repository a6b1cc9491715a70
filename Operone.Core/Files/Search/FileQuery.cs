using Operone.Core.Devices;
using Operone.Core.Errors;

namespace Operone.Core.Files.Search;

/// <summary>What is looked for below a folder: names, or lines of text in files.</summary>
public sealed record FileQuery
{
    /// <summary>Only names that fit this pattern: <c>*</c>, <c>?</c>, <c>[a-z]</c>. Without <see cref="Text"/> the names are what is looked for.</summary>
    public string? Name { get; init; }

    /// <summary>What a line must have in it.</summary>
    public string? Text { get; init; }

    /// <summary>Whether <see cref="Text"/> is a regular expression of .NET, of the kind that takes linear time: no look-around, no back-references.</summary>
    public bool IsRegex { get; init; }

    /// <summary>Whether case does not matter, in names and in text.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Whether the text must be a whole word.</summary>
    public bool WholeWord { get; init; }

    /// <summary>Only files, or only folders; null for both, and for links. With <see cref="Text"/> only files are looked at.</summary>
    public FileKind? Kind { get; init; }

    /// <summary>Whether names that begin with a dot are looked at, and what is in such folders.</summary>
    public bool Hidden { get; init; }

    /// <summary>Whether the text of PDFs is looked at too. The server reads those that the device finds: up to 32 MiB each, and 200 of a place.</summary>
    public bool Pdf { get; init; }

    /// <summary>How many folders deep; 0 is what is in the folder itself. Null for all.</summary>
    public int? MaxDepth { get; init; }

    /// <summary>The content of files of more bytes is not looked at. Null for <see cref="FileQueryLimits.FileBytes"/>.</summary>
    public long? MaxFileBytes { get; init; }

    /// <summary>How many matches a device gives at the most. Null for <see cref="FileQueryLimits.Matches"/>.</summary>
    public int? MaxMatches { get; init; }
}

/// <summary>What holds for searches.</summary>
public static class FileQueryLimits
{
    /// <summary>The most bytes of a file that is looked at, where nothing else is said.</summary>
    public const long FileBytes = 64L * 1024 * 1024;

    /// <summary>How many matches a device gives, where nothing else is said.</summary>
    public const int Matches = 1000;

    /// <summary>How many it gives at the most.</summary>
    public const int MaxMatches = 100_000;

    /// <summary>The longest text or expression, in characters.</summary>
    public const int MaxText = 1000;

    /// <summary>How much of a line is shown, in characters.</summary>
    public const int ShownText = 300;

    /// <summary>How many searches a device does at once.</summary>
    public const int AtOnce = 4;

    /// <summary>How many of the things that could not be looked at are named.</summary>
    public const int Problems = 20;

    /// <summary>The most paths of one search over many devices.</summary>
    public const int Paths = 20;

    /// <summary>Says what is wrong with one, field by field.</summary>
    public static void Check(FileQuery query, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(errors);
        errors.AddIf(string.IsNullOrEmpty(query.Name) && string.IsNullOrEmpty(query.Text), "text", "is missing, and name too: say what to look for");
        errors.AddIf(query.Name?.Length > FileName.MaxBytes || query.Name?.Contains('/', StringComparison.Ordinal) == true, "name", $"is a pattern of names: at most {FileName.MaxBytes} characters, and no slash");
        errors.AddIf(query.Text?.Length > MaxText, "text", $"is longer than {MaxText} characters");
        errors.AddIf(query.Text?.AsSpan().IndexOfAny('\n', '\r', '\0') >= 0, "text", "has a line break, or NUL: lines are looked at one by one");
        errors.AddIf(query.Kind is not (null or FileKind.File or FileKind.Folder), "kind", "must be file or folder");
        errors.AddIf(query.Kind == FileKind.Folder && !string.IsNullOrEmpty(query.Text), "kind", "must be file, where text is looked for");
        errors.AddIf(query.MaxDepth is < 0, "maxDepth", "must be 0 or more");
        errors.AddIf(query.MaxFileBytes is < 1, "maxFileBytes", "must be 1 or more");
        errors.AddIf(query.MaxMatches is < 1 or > MaxMatches, "maxMatches", $"must be 1 to {MaxMatches}");
        if (errors.ToError() is null && TextPattern.Make(query).Error is { } wrong)
        {
            errors.Add("text", wrong.Fields?.Values.FirstOrDefault()?[0] ?? wrong.Detail);
        }
    }
}

/// <summary>What was found.</summary>
/// <param name="Path">Where, as an address. Of a device's own answer: below the folder that is searched; empty for the file itself.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Line">The line, from 1, where text was looked for.</param>
/// <param name="Column">Where in the line it begins, from 1, in UTF-16 units, as editors count.</param>
/// <param name="Length">How long it is, in UTF-16 units.</param>
/// <param name="Offset">The byte of the file at which it begins.</param>
/// <param name="Text">The line, cut to <see cref="FileQueryLimits.ShownText"/> characters around what was found.</param>
/// <param name="Cut">How many UTF-16 units of the line were cut off in front of <paramref name="Text"/>.</param>
/// <param name="Page">Of a PDF: the page, from 1. Then the line is one of the page's text, and there is no offset.</param>
public sealed record FileMatch(
    string Path, FileKind Kind, long? Line = null, int? Column = null, int? Length = null, long? Offset = null, string? Text = null, int? Cut = null, int? Page = null);

/// <summary>How far a search has come, or what it came to.</summary>
public sealed record FileSearched
{
    /// <summary>How many files and folders it has come by, whose names were looked at.</summary>
    public long Seen { get; init; }

    /// <summary>How many files' content was looked at.</summary>
    public long Files { get; init; }

    /// <summary>How many bytes these have.</summary>
    public long Bytes { get; init; }

    /// <summary>How many matches there are.</summary>
    public long Matches { get; init; }

    /// <summary>How many files were left out because they are no text.</summary>
    public long Binary { get; init; }

    /// <summary>How many files were left out because they are larger than asked for.</summary>
    public long TooLarge { get; init; }

    /// <summary>How many files and folders could not be looked at.</summary>
    public long Unreadable { get; init; }

    /// <summary>The first of these, with the reason.</summary>
    public IReadOnlyList<FileProblem> Problems { get; init; } = [];

    /// <summary>Whether it ended because there were as many matches as asked for.</summary>
    public bool IsCut { get; init; }

    /// <summary>What has looked at the content: <c>ripgrep</c> (with the agent, which reads what it finds), or <c>agent</c>.</summary>
    public string? By { get; init; }

    /// <summary>Both together.</summary>
    public FileSearched Plus(FileSearched other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new()
        {
            Seen = Seen + other.Seen,
            Files = Files + other.Files,
            Bytes = Bytes + other.Bytes,
            Matches = Matches + other.Matches,
            Binary = Binary + other.Binary,
            TooLarge = TooLarge + other.TooLarge,
            Unreadable = Unreadable + other.Unreadable,
            Problems = [.. Problems.Concat(other.Problems).Take(FileQueryLimits.Problems)],
            IsCut = IsCut || other.IsCut,
            By = By == other.By ? By : By ?? other.By,
        };
    }
}

/// <summary>What a search says in between.</summary>
/// <param name="Found">Matches.</param>
/// <param name="Progress">How far it has come.</param>
public sealed record FileSearchNews(IReadOnlyList<FileMatch> Found, FileSearched? Progress);

/// <summary>What <c>POST /api/v1/files:search</c> takes.</summary>
/// <param name="Target">On which devices.</param>
/// <param name="Query">What is looked for.</param>
/// <param name="Paths">In which folders of each device, as addresses; by default all that may be had.</param>
public sealed record SearchFiles(RunTarget? Target, FileQuery? Query, IReadOnlyList<string>? Paths = null);

/// <summary>A line of a search's answer: a match, or how far it is, or one place's end, or its error. Every place has one end or one error.</summary>
/// <param name="Place">The place, as an address in the tree: <c>/devices/web1/etc</c>.</param>
/// <param name="Match">Something that was found; its path is an address in the tree.</param>
/// <param name="Progress">How far it has come there.</param>
/// <param name="End">What it came to there.</param>
/// <param name="Error">Why there is no end.</param>
public sealed record FileSearchLine(string Place, FileMatch? Match = null, FileSearched? Progress = null, FileSearched? End = null, FileProblem? Error = null);
