using System.Buffers;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>
/// Appends entries to a file as JSON Lines, on disk before it says so. The file is opened by its name each time, so that one that
/// was moved away is simply begun anew.
/// </summary>
/// <param name="path">The whole path.</param>
internal sealed class AuditFileSink(string path) : IAuditSink
{
    /// <inheritdoc/>
    public string Name => $"file:{Environment.MachineName}:{path}";

    /// <inheritdoc/>
    public TimeSpan Patience => TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public async Task SendAsync(IReadOnlyList<AuditEntryView> entries, CancellationToken cancellationToken)
    {
        var lines = new ArrayBufferWriter<byte>();
        foreach (var entry in entries)
        {
            AuditFormat.WriteLine(entry, lines);
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        // Who did what is nobody else's business.
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        }

        await using var file = new FileStream(path, options);
        var end = await EndTornLineAsync(file, cancellationToken);
        try
        {
            await file.WriteAsync(lines.WrittenMemory, cancellationToken);
            file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // A full disk has taken a part: it is taken back, since all of it comes again.
            file.SetLength(end);
            throw;
        }
    }

    /// <summary>Goes to the end, and ends a line that a crash has cut off there: the whole entry comes again behind it.</summary>
    private static async Task<long> EndTornLineAsync(FileStream file, CancellationToken cancellationToken)
    {
        if (file.Length > 0)
        {
            var last = new byte[1];
            file.Seek(-1, SeekOrigin.End);
            await file.ReadExactlyAsync(last, cancellationToken);
            if (last[0] != '\n')
            {
                await file.WriteAsync("\n"u8.ToArray(), cancellationToken);
            }
        }

        return file.Seek(0, SeekOrigin.End);
    }
}
