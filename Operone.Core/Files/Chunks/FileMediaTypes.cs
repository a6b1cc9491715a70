namespace Operone.Core.Files.Chunks;

/// <summary>The media types of what only Operone's own doors and programs say to each other.</summary>
public static class FileMediaTypes
{
    /// <summary>The chunks of a file: 20 bytes each, see <see cref="FileChunk"/>.</summary>
    public const string Chunks = "application/vnd.operone.chunks";

    /// <summary>Stretches of an upload, see <see cref="StretchHead"/>.</summary>
    public const string Stretches = "application/vnd.operone.stretches";

    /// <summary>The header that says which version of the file there is what stretches are taken of, as an entity tag.</summary>
    public const string BaseHeader = "Upload-Base";
}
