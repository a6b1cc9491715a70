namespace Operone.Web.Files.Pages.Look;

/// <summary>The part of a file that is looked at: huge files open at once, because no more than this is read.</summary>
/// <param name="Offset">Its first byte.</param>
/// <param name="Length">How many bytes.</param>
/// <param name="Size">How many the file has.</param>
internal readonly record struct FileWindow(long Offset, int Length, long Size)
{
    /// <summary>The most bytes of one.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>Whether it begins where the file does.</summary>
    public bool IsFirst => Offset == 0;

    /// <summary>Whether it ends where the file does.</summary>
    public bool IsLast => Offset + Length >= Size;

    /// <summary>Whether it is the whole file.</summary>
    public bool IsWhole => IsFirst && IsLast;

    /// <summary>The window that begins at or before an offset, on a boundary of windows; within the file.</summary>
    public static FileWindow At(long offset, long size, int most = MaxBytes)
    {
        var from = Math.Clamp(offset, 0, Math.Max(0, size - 1)) / most * most;
        return new(from, (int)Math.Min(most, size - from), size);
    }

    /// <summary>The file's last bytes, from a multiple of 16 on.</summary>
    public static FileWindow End(long size, int most = MaxBytes)
    {
        var from = (Math.Max(0, size - most) + 15) / 16 * 16;
        return new(from, (int)(size - from), size);
    }

    /// <summary>What follows.</summary>
    public FileWindow Next => At(Offset + MaxBytes, Size);

    /// <summary>What is before.</summary>
    public FileWindow Previous => At(Offset - 1, Size);
}
