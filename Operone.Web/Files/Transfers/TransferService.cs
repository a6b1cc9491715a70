using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Transfers;

/// <summary>The use cases of transfers: ask for one, look, pause, go on, end. Everybody has their own; who manages mounts on everything has all.</summary>
internal sealed class TransferService(IDbContextFactory<OperoneDb> databases, TransferPlaces places, TransferRunner runner, FileRecords records, IAuditTrail audit, LiveChanges changes, TimeProvider time)
{
    private const int MaxPage = 1000;

    /// <summary>Asks for one. Its plan is made at once, by the node that takes it.</summary>
    public async Task<Result<TransferView>> CreateAsync(Actor actor, CreateTransfer request, CancellationToken cancellationToken)
    {
        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        var now = time.GetUtcNow();
        var transfer = new Transfer
        {
            Id = Guid.CreateVersion7(now),
            OwnerId = actor.OwnerId,
            CreatedById = actor.Id,
            CreatedBy = actor.Name,
            Kind = request.Kind,
            From = [.. request.From!.Select(f => TreePath.Parse(f).Value.ToAddress())],
            To = TreePath.Parse(request.To!).Value.ToAddress(),
            Name = request.Name,
            Conflict = request.Conflict,
            Status = TransferStatus.Planning,
            IsPausedAfterPlan = request.IsPaused,
            CreatedAt = now,
        };

        // what can be refused is refused at the door
        for (var root = 0; root < transfer.From.Count; root++)
        {
            var ends = await places.FindAsync(actor, transfer, root, cancellationToken);
            if (ends.IsError)
            {
                return ends.Error!;
            }
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var open = await db.Set<Transfer>().CountAsync(t => t.OwnerId == transfer.OwnerId && t.EndedAt == null, cancellationToken);
        if (open >= TransferLimits.OpenPerPerson)
        {
            return TransferErrors.TooMany(TransferLimits.OpenPerPerson);
        }

        db.Add(transfer);
        db.Publish(FileRecords.Event(EventTypes.TransferCreated, actor.Name, transfer));
        await db.SaveChangesAsync(cancellationToken);
        await records.TransferredAsync(actor, transfer, null, cancellationToken);
        changes.Signal(LiveChanges.Transfers);
        runner.Wake();
        return View(transfer);
    }

    /// <summary>A page of transfers, the newest first.</summary>
    public async Task<Result<Page<TransferView>>> ListAsync(Actor actor, TransferStatus? status, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = Seen(db, actor);
        found = status is null ? found : found.Where(t => t.Status == status);
        found = page.Value.After is { } after ? found.Where(t => t.Id.CompareTo(after) < 0) : found;
        return page.Value.ToPage(await found.OrderByDescending(t => t.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken), t => t.Id, View);
    }

    /// <summary>One transfer.</summary>
    public async Task<Result<TransferView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Seen(db, actor).SingleOrDefaultAsync(t => t.Id == id, cancellationToken) is { } transfer ? View(transfer) : TransferErrors.NotFound(id);
    }

    /// <summary>What a transfer brings, in the plan's order.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="id">Which transfer.</param>
    /// <param name="outcome">Of this outcome alone.</param>
    /// <param name="isConflict">Those alone that have, or have not, another one in their place.</param>
    /// <param name="limit">How many, 1 to 1000; 200 by default.</param>
    /// <param name="cursor">The number that the page before ended with.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public async Task<Result<Page<TransferItemView>>> ItemsAsync(
        Actor actor, Guid id, TransferOutcome? outcome, bool? isConflict, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var after = -1L;
        var errors = new FieldErrors();
        errors.AddIf(limit is < 1 or > MaxPage, "limit", $"must be 1 to {MaxPage}");
        errors.AddIf(!string.IsNullOrEmpty(cursor) && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after), "cursor", "is not a cursor that this list gave");
        if (errors.ToError() is { } invalid)
        {
            return invalid;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await Seen(db, actor).SingleOrDefaultAsync(t => t.Id == id, cancellationToken) is not { } transfer)
        {
            return TransferErrors.NotFound(id);
        }

        var take = limit ?? 200;
        var items = db.Set<TransferItem>().AsNoTracking().Where(i => i.TransferId == id && i.Number > after);
        items = outcome is null ? items : items.Where(i => i.Outcome == outcome);
        items = isConflict is null ? items : items.Where(i => i.IsConflict == isConflict);
        var found = await items.OrderBy(i => i.Number).Take(take + 1).ToListAsync(cancellationToken);
        return new Page<TransferItemView>(
            [.. found.Take(take).Select(i => View(transfer, i))], found.Count > take ? found[take - 1].Number.ToString(CultureInfo.InvariantCulture) : null);
    }

    /// <summary>It waits until somebody lets it go on.</summary>
    public Task<Result<TransferView>> PauseAsync(Actor actor, Guid id, CancellationToken cancellationToken) => TurnAsync(
        actor, id, "transfer.pause", t => t.Status is TransferStatus.Running or TransferStatus.Planning or TransferStatus.Paused, t =>
        {
            (t.Status, t.Reason) = (TransferStatus.Paused, t.Status == TransferStatus.Paused ? t.Reason : $"Paused by {actor.Name}.");
            return null;
        }, cancellationToken);

    /// <summary>It goes on; with what has failed tried again too, where that is asked for.</summary>
    public Task<Result<TransferView>> ResumeAsync(Actor actor, Guid id, ResumeTransfer request, CancellationToken cancellationToken) => TurnAsync(
        actor, id, "transfer.resume", t => t.Status is TransferStatus.Running or TransferStatus.Planning or TransferStatus.Paused || (t.Status == TransferStatus.Failed && request.RetryFailed), t =>
        {
            t.Conflict = request.Conflict ?? t.Conflict;
            if (t.Status is TransferStatus.Paused or TransferStatus.Failed)
            {
                if (t.Conflict == ConflictRule.Ask && t.Conflicts > 0)
                {
                    return TransferErrors.NoRule;
                }

                // one of which there is no plan begins with it
                (t.Status, t.Reason, t.EndedAt) = (t.Files + t.Folders == 0 ? TransferStatus.Planning : TransferStatus.Running, null, null);
            }

            return null;
        }, cancellationToken, request.RetryFailed);

    /// <summary>Ends it. What was brought stays; what was on its way the device throws away within a day.</summary>
    public Task<Result<TransferView>> CancelAsync(Actor actor, Guid id, CancellationToken cancellationToken) => TurnAsync(
        actor, id, "transfer.cancel", t => t.EndedAt is null, t =>
        {
            (t.Status, t.Reason, t.EndedAt) = (TransferStatus.Cancelled, $"Cancelled by {actor.Name}.", time.GetUtcNow());
            return null;
        }, cancellationToken);

    private async Task<Result<TransferView>> TurnAsync(
        Actor actor, Guid id, string action, Func<Transfer, bool> mayBe, Func<Transfer, Error?> turn, CancellationToken cancellationToken, bool retryFailed = false)
    {
        while (true)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await Seen(db, actor).AsNoTracking().SingleOrDefaultAsync(t => t.Id == id, cancellationToken) is not { } transfer)
            {
                return TransferErrors.NotFound(id);
            }

            var before = transfer.Status;
            if (!mayBe(transfer))
            {
                return TransferErrors.Over(id, before);
            }

            if (turn(transfer) is { } error)
            {
                return error;
            }

            // first, so that whoever takes it up finds them
            if (retryFailed && before is TransferStatus.Paused or TransferStatus.Failed)
            {
                await db.Set<TransferItem>().Where(i => i.TransferId == id && i.Outcome == TransferOutcome.Failed && i.Kind != FileKind.Other).ExecuteUpdateAsync(
                    set => set.SetProperty(i => i.Outcome, TransferOutcome.Pending).SetProperty(i => i.Problem, (string?)null), cancellationToken);
            }

            OperoneEvent[] happened = transfer.Status == TransferStatus.Cancelled ? [FileRecords.Event(EventTypes.TransferEnded, actor.Name, transfer)] : [];
            var turned = await db.ChangeAsync(() => db.Set<Transfer>().Where(t => t.Id == id && t.Status == before).ExecuteUpdateAsync(
                set => set.SetProperty(t => t.Status, transfer.Status).SetProperty(t => t.Reason, transfer.Reason).SetProperty(t => t.Conflict, transfer.Conflict)
                    .SetProperty(t => t.EndedAt, transfer.EndedAt), cancellationToken), happened, cancellationToken);
            if (turned == 0)
            {
                // it has gone on meanwhile: once more
                continue;
            }

            await audit.NoteAsync(actor, action, id.ToString(), allowed: true, null, cancellationToken);
            if (transfer.Status == TransferStatus.Cancelled)
            {
                await records.TransferredAsync(actor, transfer, null, cancellationToken);
            }

            changes.Signal(LiveChanges.Transfers);
            runner.Wake();
            return View(transfer);
        }
    }

    private static IQueryable<Transfer> Seen(OperoneDb db, Actor actor)
    {
        var owner = actor.OwnerId;
        var all = db.Set<Transfer>().AsNoTracking();
        return actor.MayEverywhere(Permissions.MountsManage) ? all : all.Where(t => t.OwnerId == owner);
    }

    private static Error? Check(CreateTransfer request)
    {
        var errors = new FieldErrors();
        errors.AddIf(request.From is not { Count: >= 1 and <= TransferLimits.Sources }, "from", $"must be 1 to {TransferLimits.Sources} addresses");
        foreach (var from in request.From ?? [])
        {
            errors.AddIf(from is null || TreePath.Parse(from) is { IsError: true } or { Value.Depth: < 2 }, "from", $"'{from}' is no address of a file or folder in the tree");
        }

        errors.AddIf(request.To is null || TreePath.Parse(request.To) is { IsError: true } or { Value.Depth: < 2 }, "to", "must be the address of a folder in the tree");
        errors.AddIf(request.Name is not null && request.From?.Count != 1, "name", "goes with one source alone");
        errors.AddIf(request.Name is { } name && FileName.Check(name) is not null, "name", $"it {(request.Name is { } given ? FileName.Check(given) : null)}");
        errors.AddIf(!Enum.IsDefined(request.Kind), "kind", "must be copy or move");
        errors.AddIf(!Enum.IsDefined(request.Conflict), "conflict", "must be ask, skip, overwrite, newer or keep-both");
        errors.AddIf(request.From is { Count: > 1 } many && many.Select(f => f is null ? null : TreePath.Parse(f) is { IsError: false, Value: var p } ? p.Name : null).Distinct().Count() < many.Count,
            "from", "two of them have the same name, and would have the same place");
        return errors.ToError();
    }

    private static TransferView View(Transfer t) => new(
        t.Id, t.Kind, t.From, t.To, t.Name, t.Conflict, t.Status, t.Reason, t.Files, t.Folders, t.Bytes, t.Conflicts, t.FilesDone, t.BytesDone, t.BytesSent, t.Skipped, t.Failed,
        t.BytesPerSecond, t.BytesPerSecond is > 0 and var speed ? Math.Max(0, t.Bytes - t.BytesDone) / speed : null, t.CreatedBy, t.CreatedAt, t.EndedAt);

    private static TransferItemView View(Transfer transfer, TransferItem item)
    {
        var below = TreePath.Parse(item.Path).Value;
        var to = TransferPlaces.TargetOf(transfer, item.Root).Join(below);
        to = item.To is null ? to : to.Parent.Child(TreePath.Parse(item.To).Value.Name);
        return new(
            item.Number, TreePath.Parse(transfer.From[item.Root]).Value.Join(below).ToAddress(), to.ToAddress(), item.Kind, item.Size, item.IsConflict, item.Outcome, item.Problem);
    }
}

/// <summary>Each night: forgets transfers that ended some weeks ago.</summary>
internal sealed class TransferUpkeep(IDbContextFactory<OperoneDb> databases, TimeProvider time) : IRecurringJob
{
    public string Name => "transfers";

    public string Cron => "23 3 * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow().AddDays(-TransferLimits.Days);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<Transfer>().Where(t => t.EndedAt < before).ExecuteDeleteAsync(cancellationToken);
    }
}
