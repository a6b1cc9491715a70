namespace Operone.Web.Files.Pages.Look;

/// <summary>How a file is shown.</summary>
internal enum LookKind
{
    /// <summary>As text, or in hexadecimal digits where it is none.</summary>
    Bytes,

    Image,
    Audio,
    Video,
    Pdf,

    /// <summary>Markdown, as it is meant to look.</summary>
    Markdown,

    /// <summary>Values with something between them, as a table.</summary>
    Table,

    /// <summary>JSON: its text, which can be laid out.</summary>
    Json,
}

/// <summary>What the ending of a name says. What a browser may show is shown by its own elements; no page of a device's is ever run.</summary>
internal static class LookKinds
{
    public static LookKind Of(string name) => Path.GetExtension(name).ToUpperInvariant() switch
    {
        ".PNG" or ".JPG" or ".JPEG" or ".GIF" or ".WEBP" or ".AVIF" or ".BMP" or ".ICO" or ".SVG" => LookKind.Image,
        ".MP3" or ".OGG" or ".OGA" or ".WAV" or ".FLAC" or ".M4A" or ".OPUS" or ".AAC" => LookKind.Audio,
        ".MP4" or ".WEBM" or ".OGV" or ".MOV" or ".M4V" => LookKind.Video,
        ".PDF" => LookKind.Pdf,
        ".MD" or ".MARKDOWN" or ".MKD" or ".MDOWN" => LookKind.Markdown,
        ".CSV" or ".TSV" or ".TAB" or ".PSV" => LookKind.Table,
        ".JSON" or ".JSONL" or ".NDJSON" or ".GEOJSON" or ".WEBMANIFEST" or ".HAR" or ".IPYNB" => LookKind.Json,
        _ => LookKind.Bytes,
    };

    /// <summary>The ways in which a kind is shown, the first without a word in the address.</summary>
    public static IReadOnlyList<(string? Look, string Word, string Says)> Ways(LookKind kind) => kind switch
    {
        LookKind.Markdown => [(null, "Rendered", "As it is meant to look"), ("text", "Text", "As it was written"), .. Bytes],
        LookKind.Table => [(null, "Table", "In rows and columns"), ("text", "Text", "As it was written"), .. Bytes],
        LookKind.Json => [(null, "Text", "As it was written"), ("tidy", "Tidy", "Laid out anew, a value a line"), .. Bytes],
        LookKind.Pdf => [(null, "Pages", "As the browser shows it"), ("text", "Text", "The text on its pages"), ("hex", "Hex", "Byte by byte")],
        LookKind.Image => [(null, "Picture", "As the browser shows it"), ("text", "Text", "As text, where it is one"), ("hex", "Hex", "Byte by byte")],
        _ => [(null, "Text", "As it was written"), .. Bytes],
    };

    private static IReadOnlyList<(string? Look, string Word, string Says)> Bytes =>
        [("hex", "Hex", "Byte by byte"), ("follow", "Follow", "Shows what is written to its end, as tail -f")];
}
