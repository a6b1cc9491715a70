using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Uploads;

/// <summary>
/// Once an hour: forgets uploads that nobody goes on with. Their devices throw away what they have by themselves; other servers are asked to.
/// </summary>
internal sealed class UploadUpkeep(IDbContextFactory<OperoneDb> databases, FileTree tree, TimeProvider time) : IRecurringJob
{
    public string Name => "uploads";

    public string Cron => "17 * * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var elsewhere = await db.Set<Upload>().Where(u => u.ExpiresAt < now && u.CompletedAt == null && u.Address.StartsWith("/" + FileTree.Mounts + "/")).ToListAsync(cancellationToken);
        foreach (var upload in elsewhere)
        {
            if (await tree.FindAsync(Actor.System, TreePath.Parse(upload.Address).Value, Permissions.FilesWrite, "file.write", cancellationToken) is { IsError: false } place)
            {
                await place.Value.Backend.DiscardAsync(place.Value.Scope, place.Value.Path, upload.Id, TimeSpan.FromSeconds(30), cancellationToken);
            }
        }

        await db.Set<Upload>().Where(u => u.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
    }
}
