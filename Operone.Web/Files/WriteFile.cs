namespace Operone.Web.Files;

/// <summary>How a file is written.</summary>
/// <param name="Overwrite">Whether it replaces what is there.</param>
/// <param name="Tag">What the file there must still be; <c>*</c> for any.</param>
/// <param name="Sha256">What the content's SHA-256 must be, where who sends it knows.</param>
/// <param name="Mode">Its permission bits.</param>
/// <param name="ModifiedAt">Its time of change.</param>
internal sealed record WriteFile(bool Overwrite = true, string? Tag = null, byte[]? Sha256 = null, int? Mode = null, DateTimeOffset? ModifiedAt = null);
