using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>What is needed to check a device's signature.</summary>
internal sealed class DeviceKeys(IDbContextFactory<OperoneDb> databases, DeviceDirectory directory)
{
    private string? _audience;

    /// <summary>The <c>aud</c> of tokens for this installation.</summary>
    public string Audience => _audience ?? throw new InvalidOperationException("The room Devices is not prepared.");

    /// <summary>At start: the installation's audience, made where there is none.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await db.Set<Installation>().SingleOrDefaultAsync(cancellationToken);
        if (found is null)
        {
            // Two nodes may start at once: the first one's row stays.
            await db.Database.ExecuteSqlAsync(
                $"""INSERT INTO installation ("Id", "Audience") VALUES ({Installation.OnlyId}, {"operone:" + Guid.NewGuid().ToString("N")}) ON CONFLICT DO NOTHING""",
                cancellationToken);
            found = await db.Set<Installation>().SingleAsync(cancellationToken);
        }

        _audience = found.Audience;
    }

    /// <summary>The device's name and public key, or null where there is no such device.</summary>
    public async Task<DeviceKey?> FindAsync(Guid deviceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<Device>().Where(d => d.Id == deviceId).Select(d => new DeviceKey(d.Name, d.PublicKey)).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>The device as the directory has it. One that enrolled on another node is read, and known from then on.</summary>
    public async ValueTask<DeviceEntry?> FindEntryAsync(Guid deviceId, CancellationToken cancellationToken)
    {
        if (directory.Find(deviceId) is { } known)
        {
            return known;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await db.Set<Device>().Where(d => d.Id == deviceId).Select(Device.AsEntry).SingleOrDefaultAsync(cancellationToken);
        if (found is not null)
        {
            directory.Put(found);
        }

        return found;
    }
}

/// <summary>A device's name and its public key as SubjectPublicKeyInfo.</summary>
internal sealed record DeviceKey(string Name, byte[] PublicKey);
