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
        _ => LookKind.Bytes,
    };
}
