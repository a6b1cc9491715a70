using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Shell.Terminals;

/// <summary>Which terminals a list shows. All that is given must hold.</summary>
/// <param name="Ended">Only those that have ended, or only those that have not.</param>
/// <param name="Device">On the device with this id or name.</param>
/// <param name="Text">With this in title, command, owner or device.</param>
/// <param name="Limit">How many, 1 to 500.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record TerminalQuery(bool? Ended = null, string? Device = null, string? Text = null, int Limit = 50, string? Cursor = null);

/// <summary>A terminal with its execution.</summary>
internal sealed record TerminalRow(Terminal Terminal, Execution Execution);

/// <summary>The use cases that look at terminals.</summary>
internal sealed class TerminalReader(IDbContextFactory<OperoneDb> databases, TerminalSight sight, TerminalPeople people, DeviceDirectory devices)
{
    /// <summary>A page of terminals, newest first.</summary>
    public async Task<Result<Page<TerminalView>>> ListAsync(Actor actor, TerminalQuery query, CancellationToken cancellationToken)
    {
        if (LacksAny(actor) is { } lacks)
        {
            return lacks;
        }

        if (query.Limit is < 1 or > 500)
        {
            return Error.InvalidField("limit", "must be 1 to 500");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var terminals = sight.Of(db, actor);
        if (query.Cursor is { Length: > 0 } cursor)
        {
            if (!Guid.TryParseExact(cursor, "N", out var before))
            {
                return TerminalErrors.MalformedCursor;
            }

            terminals = terminals.Where(t => t.Id.CompareTo(before) < 0);
        }

        if (query.Device is { Length: > 0 } device)
        {
            var id = devices.Find(device)?.Id ?? (Guid.TryParse(device, out var given) ? given : Guid.Empty);
            terminals = terminals.Where(t => t.DeviceId == id);
        }

        if (!string.IsNullOrWhiteSpace(query.Text))
        {
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL
            var text = query.Text.Trim().ToLower();
            terminals = terminals.Where(t => t.Title!.ToLower().Contains(text) || t.Command.ToLower().Contains(text)
                || t.OwnerName.ToLower().Contains(text) || t.DeviceName.ToLower().Contains(text));
#pragma warning restore CA1304, CA1311, CA1862
        }

        var rows = terminals.Join(db.Set<Execution>(), t => t.Id, e => e.Id, (t, e) => new { Terminal = t, Execution = e });
        if (query.Ended is { } ended)
        {
            rows = ended ? rows.Where(r => r.Execution.EndedAt != null) : rows.Where(r => r.Execution.EndedAt == null);
        }

        var found = await rows.OrderByDescending(r => r.Terminal.Id).Take(query.Limit + 1)
            .Select(r => new TerminalRow(r.Terminal, r.Execution)).ToListAsync(cancellationToken);
        var page = found.Take(query.Limit).ToArray();
        return new Page<TerminalView>([.. page.Select(r => View(actor, r))], found.Count > query.Limit ? page[^1].Terminal.Id.ToString("N") : null);
    }

    /// <summary>One terminal.</summary>
    public async Task<Result<TerminalView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var found = await FindAsync(actor, id, cancellationToken);
        return found.IsError ? found.Error! : View(actor, found.Value);
    }

    /// <summary>One terminal as stored, where the actor sees it.</summary>
    internal async Task<Result<TerminalRow>> FindAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (LacksAny(actor) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var row = await db.Set<Terminal>().Where(t => t.Id == id)
            .Join(db.Set<Execution>(), t => t.Id, e => e.Id, (t, e) => new TerminalRow(t, e)).FirstOrDefaultAsync(cancellationToken);
        return row is not null && sight.Sees(actor, row.Terminal) ? row : TerminalErrors.NotFound(id.ToString());
    }

    internal TerminalView View(Actor actor, TerminalRow row)
    {
        var (terminal, execution) = row;
        return new(
            terminal.Id, terminal.DeviceId, terminal.DeviceName, terminal.Title, terminal.OwnerName, TerminalSight.Owns(actor, terminal), execution.Status,
            terminal.User, terminal.Command, terminal.Record, terminal.GuestsMayType, people.In(terminal.Id), terminal.CreatedAt, execution.EndedAt,
            execution.ExitCode, execution.Reason, terminal.RecordingRemovedAt is null ? execution.StdoutBytes : 0);
    }

    private static Error? LacksAny(Actor actor) =>
        actor.May(Permissions.TerminalsJoin) ? null : actor.Lacks(Permissions.TerminalsOpen);
}
