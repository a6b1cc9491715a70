using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Operone.Core.Files;
using Operone.Disk;
using Operone.Disk.Linux;
using Operone.Disk.Portable;
using Operone.Web.Hosting;
using DiskUploads = Operone.Disk.Uploads;

namespace Operone.Web.Files.Mounts.Local;

/// <summary>
/// The disk of this node, for folders that are mounted, by the code that agents have for theirs. What the node keeps itself is never
/// seen. Parts of uploads that nobody goes on with are thrown away, as on devices.
/// </summary>
internal sealed class ServerFolders : BackgroundService
{
    private const int MaxListings = 4;
    private const int MaxDigests = 256;

    private readonly ConcurrentDictionary<Guid, UploadDigest> _digests = new();

    private readonly ConcurrentDictionary<Guid, ConcurrentBag<ListCache>> _listings = new();
    private readonly ConcurrentDictionary<Guid, FileBounds> _bounds = new();

    public ServerFolders(IOptions<OperoneOptions> options, TimeProvider time, ILogger<DiskUploads> logger)
    {
        var own = options.Value.DataPath;
        Disk = OperatingSystem.IsLinux() ? new LinuxDisk(new LinuxResolver(new OwnState(own))) : new PortableDisk(own);
        Uploads = new DiskUploads(Path.Combine(own, "uploads"), Disk, time, logger);
        Time = time;
    }

    /// <summary>The disk.</summary>
    public IDisk Disk { get; }

    /// <summary>Its unfinished uploads.</summary>
    public DiskUploads Uploads { get; }

    public TimeProvider Time { get; }

    /// <summary>The bounds of a mount: the same each time, as long as its scope is.</summary>
    public FileBounds BoundsOf(Guid mount, FileScope scope)
    {
        if (_bounds.TryGetValue(mount, out var known) && known.Is(scope))
        {
            return known;
        }

        return _bounds[mount] = FileBounds.Of(scope);
    }

    /// <summary>What was listed of a mount lately, for one who lists.</summary>
    public ListCache TakeListing(Guid mount) => _listings.TryGetValue(mount, out var kept) && kept.TryTake(out var listing) ? listing : new ListCache();

    /// <summary>Gives it back for the next one.</summary>
    public void Return(Guid mount, ListCache listing)
    {
        var kept = _listings.GetOrAdd(mount, static _ => []);
        if (kept.Count < MaxListings)
        {
            kept.Add(listing);
        }
    }

    /// <summary>The digest of an upload, for whoever has its claim.</summary>
    public UploadDigest DigestOf(Guid upload)
    {
        if (_digests.Count >= MaxDigests)
        {
            // most are of uploads that broke off; of any other the part is read once more at its end
            _digests.Clear();
        }

        return _digests.GetOrAdd(upload, static _ => new UploadDigest());
    }

    /// <summary>An upload is over.</summary>
    public void ForgetDigest(Guid upload)
    {
        if (_digests.TryRemove(upload, out var digest))
        {
            digest.Dispose();
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Uploads.CleanAsync(stoppingToken);
}
