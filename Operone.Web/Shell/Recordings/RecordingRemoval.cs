using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell.Recordings;

/// <summary>Removes recordings: what was recorded and what was made of it to search in goes, that there was a terminal stays.</summary>
internal sealed class RecordingRemoval(
    IDbContextFactory<OperoneDb> databases, DeviceSight sight, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    /// <summary>Removes a recording, for who holds <see cref="Permissions.RecordingsManage"/> on its device.</summary>
    public async Task<Result<Unit>> RemoveAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.RecordingsManage, "recording.remove", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        RecordedTerminal? found;
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            found = await RecordingReader.All(db).SingleOrDefaultAsync(r => r.Terminal.Id == id, cancellationToken);
        }

        if (found is null)
        {
            return RecordingErrors.NotFound(id);
        }

        if (!sight.May(actor, Permissions.RecordingsManage, found.Terminal.DeviceId))
        {
            await audit.NoteAsync(
                actor, "recording.remove", id.ToString(), allowed: false, $"lacks {Permissions.RecordingsManage} on {found.Terminal.DeviceName}", cancellationToken);
            return sight.May(actor, Permissions.RecordingsRead, found.Terminal.DeviceId)
                ? AccessErrors.PermissionMissingOn(actor.Name, Permissions.RecordingsManage, found.Terminal.DeviceName)
                : RecordingErrors.NotFound(id);
        }

        if (found.Execution.EndedAt is null)
        {
            return RecordingErrors.NotEnded(id);
        }

        var grant = actor.Decide(Permissions.RecordingsManage, sight.LabelsOf(found.Terminal.DeviceId)).Grant;
        return await RemoveAsync(actor, found.Terminal, null, grant, cancellationToken) ? Unit.Value : RecordingErrors.NotFound(id);
    }

    /// <summary>Removes a recording of a terminal that has ended; says whether it was there still.</summary>
    internal async Task<bool> RemoveAsync(Actor actor, Terminal terminal, string? why, Guid? grant, CancellationToken cancellationToken)
    {
        var (id, now) = (terminal.Id, time.GetUtcNow());
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            // The row first: whoever reads the recording into lines at the same time waits here, or is waited for.
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            if (await db.Set<Terminal>().Where(t => t.Id == id && t.RecordingRemovedAt == null)
                .ExecuteUpdateAsync(set => set.SetProperty(t => t.RecordingRemovedAt, now), cancellationToken) == 0)
            {
                return false;
            }

            await db.Set<RecordingLine>().Where(l => l.TerminalId == id).ExecuteDeleteAsync(cancellationToken);
            await db.Set<JournalEntry>().Where(e => e.ExecutionId == id && e.Kind == JournalKind.Stdout).ExecuteDeleteAsync(cancellationToken);
            db.Publish(new(EventTypes.RecordingRemoved, id.ToString(), DeviceId: terminal.DeviceId, Actor: actor.Name));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        var what = $"of a terminal on {terminal.DeviceName} that {terminal.OwnerName} opened {terminal.CreatedAt:u}{(why is null ? "" : $"; {why}")}";
        await audit.NoteAsync(actor, "recording.remove", id.ToString(), allowed: true, what, grant, cancellationToken);
        changes.Signal(LiveChanges.Recordings);
        return true;
    }
}
