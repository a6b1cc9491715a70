using System.Collections.Concurrent;
using System.Globalization;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Files.Mounts.Dav;
using Operone.Web.Files.Mounts.Local;
using Operone.Web.Files.Mounts.Remote;
using Operone.Web.Files.Mounts.Sftp;

namespace Operone.Web.Files.Mounts;

/// <summary>The backends of mounts. What they keep from one call to the next (connections, listings) is of one version of a mount.</summary>
internal sealed class MountBackends(ServerFolders folders, MountVault vault, TimeProvider time) : BackgroundService
{
    private readonly ConcurrentDictionary<Guid, Kept> _kept = new();

    /// <summary>A mount's backend, within what, and where its top is on it.</summary>
    public Result<(IFileBackend Backend, FileScope Scope, TreePath Top)> Open(Mount mount)
    {
        if (mount.Kind == MountKind.Folder)
        {
            var root = TreePath.Parse(mount.Address);
            return root.IsError ? root.Error! : (new DiskFiles(folders, mount.Id, root.Value, mount.Name), ScopeOf(mount, root.Value), root.Value);
        }

        var kept = KeptOf(mount);
        return kept.IsError ? kept.Error! : (new RemoteFiles(kept.Value.Remote, mount.Name, kept.Value.Listings), ScopeOf(mount, TreePath.Top), TreePath.Top);
    }

    /// <summary>Tries one: its folder is listed.</summary>
    public async Task<MountTest> TestAsync(Mount mount, CancellationToken cancellationToken)
    {
        var opened = Open(mount);
        if (opened.IsError)
        {
            return new(false, opened.Error!.Detail, null);
        }

        var (backend, scope, top) = opened.Value;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        Result<long> listed;
        try
        {
            listed = await backend.ListAsync(scope, top, new(Limit: 1), _ => ValueTask.CompletedTask, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(false, "It took longer than 60 s.", null);
        }

        var key = _kept.GetValueOrDefault(mount.Id)?.Pool?.SeenKey;
        return listed.IsError ? new(false, listed.Error!.Detail, key)
            : new(true, string.Create(CultureInfo.InvariantCulture, $"It works: its folder has {listed.Value} {(listed.Value == 1 ? "entry" : "entries")}."), key);
    }

    public override void Dispose()
    {
        foreach (var kept in _kept.Values)
        {
            kept.Dispose();
        }

        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(30), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var (id, kept) in _kept)
            {
                kept.Pool?.Tidy();
                kept.Uploads?.Tidy();
                if (time.GetElapsedTime(kept.UsedAt) > TimeSpan.FromMinutes(30) && _kept.TryRemove(new(id, kept)))
                {
                    // also of mounts that were changed or removed, on whichever node
                    kept.Dispose();
                }
            }
        }
    }

    private Result<Kept> KeptOf(Mount mount)
    {
        var version = (mount.UpdatedAt, mount.Address, mount.User, mount.HostKey);
        if (_kept.TryGetValue(mount.Id, out var known))
        {
            if (known.Version == version)
            {
                known.UsedAt = time.GetTimestamp();
                return known;
            }

            if (_kept.TryRemove(new(mount.Id, known)))
            {
                known.Dispose();
            }
        }

        var address = MountLimits.ReadAddress(mount.Kind, mount.Address);
        if (address.IsError)
        {
            return address.Error!;
        }

        if (vault.Open(mount) is not { } secrets)
        {
            return MountErrors.Sealed(mount.Name);
        }

        var (server, folder) = address.Value;
        var made = mount.Kind == MountKind.Sftp ? OfSftp() : OfDav();
        made.UsedAt = time.GetTimestamp();
        var now = _kept.GetOrAdd(mount.Id, made);
        if (now != made)
        {
            made.Dispose();
        }

        return now;

        Kept OfSftp()
        {
            var pool = new SftpPool(new(server.Host, server.Port, mount.User ?? "", folder, mount.HostKey), secrets, time);
            return new(version, new SftpRemote(pool, new SftpUploads()), new RemoteListings(time), pool, null, null);
        }

        Kept OfDav()
        {
            var client = new DavClient(server, folder, mount.User, secrets);
            var uploads = new DavUploads(time);
            return new(version, new DavRemote(client, uploads), new RemoteListings(time), null, client, uploads);
        }
    }

    /// <summary>Patterns are from the mount's top; a disk has them from its own.</summary>
    private static FileScope ScopeOf(Mount mount, TreePath top)
    {
        var above = FilePattern.Of(top);
        return new(top.ToAddress(), mount.IsWritable, [.. mount.Hidden.Select(h =>
            top.IsTop ? h : h.TrimEnd('/').Contains('/', StringComparison.Ordinal) ? $"{above}/{h.Trim('/')}" : $"{above}/**/{h.Trim('/')}")]);
    }

    private sealed record Kept(
        (DateTimeOffset UpdatedAt, string Address, string? User, string? HostKey) Version, IRemote Remote, RemoteListings Listings,
        SftpPool? Pool, DavClient? Client, DavUploads? Uploads) : IDisposable
    {
        public long UsedAt { get; set; }

        public void Dispose()
        {
            Uploads?.Dispose();
            Pool?.Dispose();
            Client?.Dispose();
        }
    }
}
