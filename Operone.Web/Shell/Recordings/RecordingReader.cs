using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell.Recordings;

/// <summary>Which recordings a list shows. All that is given must hold.</summary>
/// <param name="DeviceId">Of this device.</param>
/// <param name="Owner">Opened by this one: their name as shown, or their id.</param>
/// <param name="Text">With this in the title, the command, the device's or the owner's name.</param>
/// <param name="From">Opened from this time on.</param>
/// <param name="To">Opened up to this time.</param>
/// <param name="Limit">How many, 1 to 500; null for 50.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record RecordingQuery(
    Guid? DeviceId = null, string? Owner = null, string? Text = null, DateTimeOffset? From = null, DateTimeOffset? To = null, int? Limit = null, string? Cursor = null);

/// <summary>A recording's terminal and execution.</summary>
internal sealed class RecordedTerminal
{
    public required Terminal Terminal { get; init; }
    public required Execution Execution { get; init; }

    public RecordingView ToView() => new(
        Terminal.Id, Terminal.DeviceId, Terminal.DeviceName, Terminal.Title, Terminal.OwnerName, Terminal.User, Terminal.Command, Terminal.CreatedAt,
        Execution.EndedAt, Execution.EndedAt is { } ended ? Math.Max(0, (ended - (Execution.StartedAt ?? Terminal.CreatedAt)).TotalSeconds) : null,
        Execution.StdoutBytes, Execution.EndedAt is not null && Execution.DiscardedBytes == 0 && Execution.Status != ExecutionStatus.Lost, Execution.DiscardedBytes,
        Terminal.RecordInput, Terminal.IndexedAt is not null);
}

/// <summary>
/// The use cases that look at recordings. There are those for somebody that are of devices on which they hold
/// <see cref="Permissions.RecordingsRead"/>, whoever opened the terminal; of devices that were removed, for who holds it on everything.
/// </summary>
internal sealed class RecordingReader(IDbContextFactory<OperoneDb> databases, DeviceSight sight, IAuditTrail audit)
{
    /// <summary>The longest text that is looked for.</summary>
    public const int MaxText = 200;

    /// <summary>A page of recordings, newest first; those too that are still being made.</summary>
    public async Task<Result<Page<RecordingView>>> ListAsync(Actor actor, RecordingQuery query, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.RecordingsRead, "recording.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(query.Limit, query.Cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        var errors = new FieldErrors();
        errors.AddIf(query.Text?.Length > MaxText, "q", $"is longer than {MaxText} characters");
        errors.AddIf(query.From > query.To, "from", "must not be after 'to'");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var recordings = Filter(Visible(db, actor), query);
        if (page.Value.After is { } after)
        {
            recordings = recordings.Where(r => r.Terminal.Id < after);
        }

        var found = await recordings.OrderByDescending(r => r.Terminal.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return page.Value.ToPage(found, r => r.Terminal.Id, r => r.ToView());
    }

    /// <summary>One recording.</summary>
    public async Task<Result<RecordingView>> GetAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var found = await FindAsync(actor, id, "recording.read", cancellationToken);
        return found.IsError ? found.Error! : found.Value.ToView();
    }

    /// <summary>A recording as it was made, as a stream that can be sought in. That it is played, or downloaded, is noted.</summary>
    public async Task<Result<(RecordingView Recording, Stream Content)>> OpenAsync(Actor actor, Guid id, bool isPlayed, CancellationToken cancellationToken)
    {
        var action = isPlayed ? "recording.play" : "recording.download";
        var found = await FindAsync(actor, id, action, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var (terminal, view) = (found.Value.Terminal, found.Value.ToView());
        var grant = actor.Decide(Permissions.RecordingsRead, sight.LabelsOf(terminal.DeviceId)).Grant;
        await audit.NoteAsync(
            actor, action, id.ToString(), allowed: true, $"of a terminal on {terminal.DeviceName} that {terminal.OwnerName} opened", grant, cancellationToken);
        return (view, await OpenAsync(id, cancellationToken));
    }

    /// <summary>A recording as it was made, for Operone itself.</summary>
    internal async Task<Stream> OpenAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var pieces = await db.Set<JournalEntry>().Where(e => e.ExecutionId == id && e.Kind == JournalKind.Stdout)
            .OrderBy(e => e.Offset).Select(e => new JournalPiece(e.Seq, e.Length)).ToArrayAsync(cancellationToken);
        return new JournalStream(databases, pieces);
    }

    /// <summary>The recordings that they see.</summary>
    internal IQueryable<RecordedTerminal> Visible(OperoneDb db, Actor actor)
    {
        var all = All(db);

        // One parameter, however many there are: thousands of devices make no new statement each time.
        return sight.IdsWith(actor, Permissions.RecordingsRead) is { } ids ? all.Where(r => EF.Parameter(ids).Contains(r.Terminal.DeviceId)) : all;
    }

    /// <summary>Every recording that there is.</summary>
    internal static IQueryable<RecordedTerminal> All(OperoneDb db) => db.Set<Terminal>()
        .Where(t => t.Record != RecordMode.Off && t.RecordingRemovedAt == null)
        .Join(db.Set<Execution>().Where(e => e.StdoutBytes > 0), t => t.Id, e => e.Id, (t, e) => new RecordedTerminal { Terminal = t, Execution = e });

    private async Task<Result<RecordedTerminal>> FindAsync(Actor actor, Guid id, string action, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.RecordingsRead, action, id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var found = await All(db).SingleOrDefaultAsync(r => r.Terminal.Id == id, cancellationToken);
        if (found is null)
        {
            return RecordingErrors.NotFound(id);
        }

        if (!sight.May(actor, Permissions.RecordingsRead, found.Terminal.DeviceId))
        {
            await audit.NoteAsync(actor, action, id.ToString(), allowed: false, $"lacks {Permissions.RecordingsRead} on {found.Terminal.DeviceName}", cancellationToken);
            return RecordingErrors.NotFound(id);
        }

        return found;
    }

    private static IQueryable<RecordedTerminal> Filter(IQueryable<RecordedTerminal> recordings, RecordingQuery query)
    {
        if (query.DeviceId is { } device)
        {
            recordings = recordings.Where(r => r.Terminal.DeviceId == device);
        }

        if (!string.IsNullOrWhiteSpace(query.Owner))
        {
            var owner = query.Owner.Trim();
            var isId = Guid.TryParse(owner, out var ownerId);
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL
            var name = owner.ToLower();
            recordings = recordings.Where(r => isId ? r.Terminal.OwnerId == ownerId : r.Terminal.OwnerName.ToLower() == name);
        }

        if (!string.IsNullOrWhiteSpace(query.Text))
        {
            var text = query.Text.Trim().ToLower();
            recordings = recordings.Where(r => r.Terminal.Command.ToLower().Contains(text) || r.Terminal.OwnerName.ToLower().Contains(text)
                || r.Terminal.DeviceName.ToLower().Contains(text) || (r.Terminal.Title != null && r.Terminal.Title.ToLower().Contains(text)));
#pragma warning restore CA1304, CA1311, CA1862
        }

        if (query.From is { } from)
        {
            recordings = recordings.Where(r => r.Terminal.CreatedAt >= from);
        }

        return query.To is { } to ? recordings.Where(r => r.Terminal.CreatedAt <= to) : recordings;
    }
}
