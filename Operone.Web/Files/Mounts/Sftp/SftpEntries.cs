using System.Globalization;
using Operone.Core.Files;
using Operone.Disk;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;
using DiskPlace = Operone.Disk.FilePlace;

namespace Operone.Web.Files.Mounts.Sftp;

/// <summary>What an SFTP server says of its files, as the tree has it.</summary>
internal static class SftpEntries
{
    public static FileKind KindOf(ISftpFile file) =>
        file.IsSymbolicLink ? FileKind.Link : file.IsDirectory ? FileKind.Folder : file.IsRegularFile ? FileKind.File : FileKind.Other;

    public static FileEntry Of(ISftpFile file, string name)
    {
        var (kind, attributes) = (KindOf(file), file.Attributes);
        var modified = new DateTimeOffset(attributes.LastWriteTimeUtc, TimeSpan.Zero);
        return new()
        {
            Segment = FileName.ToSegment(name),
            Kind = kind,
            Size = kind == FileKind.Folder ? null : attributes.Size,
            ModifiedAt = modified,
            AccessedAt = new DateTimeOffset(attributes.LastAccessTimeUtc, TimeSpan.Zero),
            Mode = ModeOf(attributes),
            Owner = attributes.UserId.ToString(CultureInfo.InvariantCulture),
            Group = attributes.GroupId.ToString(CultureInfo.InvariantCulture),

            // SFTP's times have seconds: what changes twice within one, and keeps its size, has the same
            Tag = string.Create(CultureInfo.InvariantCulture, $"{attributes.Size:x}-{modified.ToUnixTimeSeconds():x}"),
        };
    }

    public static int ModeOf(SftpFileAttributes a) =>
        Bit(a.IsUIDBitSet, 11) | Bit(a.IsGroupIDBitSet, 10) | Bit(a.IsStickyBitSet, 9)
        | Bit(a.OwnerCanRead, 8) | Bit(a.OwnerCanWrite, 7) | Bit(a.OwnerCanExecute, 6)
        | Bit(a.GroupCanRead, 5) | Bit(a.GroupCanWrite, 4) | Bit(a.GroupCanExecute, 3)
        | Bit(a.OthersCanRead, 2) | Bit(a.OthersCanWrite, 1) | Bit(a.OthersCanExecute, 0);

    public static void SetMode(SftpFileAttributes a, int mode)
    {
        (a.OwnerCanRead, a.OwnerCanWrite, a.OwnerCanExecute) = (Has(8), Has(7), Has(6));
        (a.GroupCanRead, a.GroupCanWrite, a.GroupCanExecute) = (Has(5), Has(4), Has(3));
        (a.OthersCanRead, a.OthersCanWrite, a.OthersCanExecute) = (Has(2), Has(1), Has(0));
        (a.IsUIDBitSet, a.IsGroupIDBitSet, a.IsStickyBitSet) = (Has(11), Has(10), Has(9));

        bool Has(int bit) => (mode & (1 << bit)) != 0;
    }

    /// <summary>An owner: SFTP knows numbers alone.</summary>
    public static int? Number(string? owner) =>
        owner is null ? null : int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw FileFault.Unsupported($"SFTP knows owners and groups by their number alone, and '{owner}' is none.");

    private static int Bit(bool isSet, int bit) => isSet ? 1 << bit : 0;
}

/// <summary>What goes wrong with SFTP, as faults.</summary>
internal static class SftpFaults
{
    public static async Task<T> CatchAsync<T>(DiskPlace place, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception problem) when (Read(problem, place) is not null)
        {
            throw Read(problem, place)!;
        }
    }

    private static FileFault? Read(Exception problem, DiskPlace place) => problem switch
    {
        SftpPathNotFoundException => FileFault.NotFound(place.Path),
        SftpPermissionDeniedException => new(FileProblems.Denied, $"'{place}': the other server does not allow it."),
        SftpException { StatusCode: StatusCode.OperationUnsupported } => FileFault.Unsupported($"'{place}': the other server cannot do that."),
        SftpException => new(FileProblems.Failed, $"'{place}': the other server says '{problem.Message}', and not why. Its disk may be full, or what is in the way may have changed."),
        SshException or ObjectDisposedException or InvalidOperationException or System.Net.Sockets.SocketException =>
            RemoteFault.Away($"the connection broke: {problem.Message}"),
        _ => null,
    };
}
