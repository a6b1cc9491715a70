using System.Globalization;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files.Pages.Look;

/// <summary>A window of a file that was read, and what it is.</summary>
/// <param name="Bytes">What is in the window.</param>
/// <param name="Window">Where it is.</param>
/// <param name="Kind">How it is to be read; null where the file is no text.</param>
internal sealed record LookRead(byte[] Bytes, FileWindow Window, TextKind? Kind)
{
    /// <summary>The window as text.</summary>
    public string Text => (Kind ?? TextKind.All[0]).Read(Bytes, Window.Offset);

    /// <summary>Reads one. Which may depend on whether it is a text.</summary>
    public static async Task<Result<LookRead>> ReadAsync(
        FileService files, Actor actor, TreePath path, string? chosen, Func<long, TextKind?, FileWindow> where, CancellationToken cancellationToken)
    {
        // how long it is now: a file of the system says nothing of that, and is read all the same
        var stat = await files.StatAsync(actor, path, cancellationToken);
        if (stat.IsError)
        {
            return stat.Error!;
        }

        var size = stat.Value.Size ?? 0;
        var read = await FileBytes.ReadAsync(files, actor, path, 0, 4096, cancellationToken);
        if (read.IsError)
        {
            return read.Error!;
        }

        var head = read.Value.Bytes;
        var kind = TextKind.Named(chosen, head) ?? TextKind.Detect(head);
        var window = where(size, kind);
        read = await FileBytes.ReadAsync(files, actor, path, window.Offset, size == 0 ? FileWindow.MaxBytes : Math.Max(1, window.Length), cancellationToken);
        if (read.IsError)
        {
            return read.Error!;
        }

        var bytes = read.Value.Bytes;
        return new LookRead(
            bytes, new(window.Offset, bytes.Length, Math.Max(size, window.Offset + bytes.Length)),
            chosen is null || kind is null ? kind?.Confirm(head, bytes, window.Offset) : kind);
    }

    /// <summary>The byte that an address begins at.</summary>
    public static long? Offset(string? at) => long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : null;
}
