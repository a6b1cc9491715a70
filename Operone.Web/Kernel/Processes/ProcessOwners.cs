using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Kernel.Processes;

/// <summary>
/// Says which run or terminal an execution is of. A device that names one which it was never given is not believed. Who does not see a run or
/// terminal is told that there is one, and not which.
/// </summary>
internal sealed class ProcessOwners(IDbContextFactory<OperoneDb> databases, DeviceSight sight)
{
    private const int MaxKnown = 20_000;

    private readonly ConcurrentDictionary<(Guid Device, Guid Execution), Known?> _known = new();

    /// <summary>Learns which executions these processes are of. Afterwards <see cref="Of"/> needs no database.</summary>
    public async Task LearnAsync(Guid deviceId, IEnumerable<ProcessInfo> processes, CancellationToken cancellationToken)
    {
        var unknown = processes.Where(p => p.Execution is not null).Select(p => p.Execution!.Value).Distinct().Where(e => !_known.ContainsKey((deviceId, e))).Take(1000).ToArray();
        if (unknown.Length == 0)
        {
            return;
        }

        if (_known.Count > MaxKnown)
        {
            _known.Clear();
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await db.Set<Execution>().Where(e => unknown.Contains(e.Id) && e.DeviceId == deviceId)
            .Join(db.Set<Run>(), e => e.RunId, r => r.Id, (e, r) => new { e.Id, e.RunId, r.Kind })
            .GroupJoin(db.Set<Terminal>(), e => e.RunId, t => t.Id, (e, t) => new { e.Id, e.RunId, e.Kind, Owner = t.Select(x => (Guid?)x.OwnerId).FirstOrDefault() })
            .ToDictionaryAsync(e => e.Id, cancellationToken);
        foreach (var execution in unknown)
        {
            _known[(deviceId, execution)] = found.TryGetValue(execution, out var of)
                ? new Known(of.Kind == RunKind.Terminal ? ProcessOwnerKind.Terminal : ProcessOwnerKind.Run, of.RunId, of.Owner) : null;
        }
    }

    /// <summary>What a process belongs to; null where that is nothing of Operone's, or not known.</summary>
    public ProcessOwner? Of(Actor actor, Guid deviceId, ProcessInfo process)
    {
        if (process.Part is null)
        {
            return null;
        }

        if (process.Execution is not { } execution)
        {
            return new ProcessOwner(ProcessOwnerKind.Operone, null);
        }

        if (_known.GetValueOrDefault((deviceId, execution)) is not { } known)
        {
            return null;
        }

        var isSeen = known.Kind == ProcessOwnerKind.Run ? sight.May(actor, Permissions.RunsRead, deviceId)
            : sight.May(actor, Permissions.TerminalsJoin, deviceId) || (known.Owner == actor.OwnerId && sight.May(actor, Permissions.TerminalsOpen, deviceId));
        return new ProcessOwner(known.Kind, isSeen ? known.RunId : null);
    }

    private sealed record Known(ProcessOwnerKind Kind, Guid RunId, Guid? Owner);
}
