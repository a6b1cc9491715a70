using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Web.Files.Mounts.Remote;

/// <summary>A file of another server that is being read: as many bytes as it said, or it was cut short.</summary>
internal sealed class RemoteReading(FileEntry entry, Stream content, long length, string shown) : IFileReading
{
    private long _left = length;

    public FileEntry Entry => entry;

    public ValueTask<Result<FilePiece>> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => new(Faults.CatchAsync(shown, async () =>
    {
        if (_left == 0)
        {
            return default;
        }

        var count = await content.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        _left -= count;
        return count > 0 ? new FilePiece(count, 0) : throw new FileFault(FileProblems.Changed, "it was cut short while it was read.");
    }));

    public ValueTask DisposeAsync() => content.DisposeAsync();
}
