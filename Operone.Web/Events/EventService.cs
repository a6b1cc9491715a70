using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Events;

/// <summary>Which events a list or a stream shows. All that is given must hold.</summary>
/// <param name="Type">Of this type; <c>device.*</c> is every type that begins so.</param>
/// <param name="DeviceId">That concern this device.</param>
/// <param name="From">From this time on.</param>
/// <param name="To">Up to this time.</param>
/// <param name="Limit">How many, 1 to 500; null for 50.</param>
/// <param name="Cursor">Where the page before ended.</param>
internal sealed record EventQuery(
    string? Type = null, Guid? DeviceId = null, DateTimeOffset? From = null, DateTimeOffset? To = null, int? Limit = null, string? Cursor = null);

/// <summary>Events of a stretch of the log.</summary>
/// <param name="Events">Those that somebody may see and asked for.</param>
/// <param name="Last">The place of the last of them.</param>
/// <param name="To">The place up to which that is all.</param>
/// <param name="MayGrow">Whether more up to there may be theirs in a moment: what a device or a run is known to be comes after the event that tells of it.</param>
internal sealed record EventStretch(IReadOnlyList<EventView> Events, long Last, long To, bool MayGrow);

/// <summary>
/// Reads the event log. An event of a device is for who may read events on it, one of a run for who may on one of the
/// devices that it was aimed at, all others for who may on everything.
/// </summary>
internal sealed class EventService(IDbContextFactory<OperoneDb> databases, IEventSight sight, IAuditTrail audit)
{
    private const int MaxType = 100;

    /// <summary>A page of events, newest first.</summary>
    public async Task<Result<Page<EventView>>> ListAsync(Actor actor, EventQuery query, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.EventsRead, "event.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(query.Limit, query.Cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        if (Check(query) is { } error)
        {
            return error;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var devices = sight.DevicesOf(actor);
        var events = Visible(db, Filter(db, query), devices);
        if (page.Value.After is { } after)
        {
            events = events.Where(e => e.Id < after);
        }

        var found = await events.OrderByDescending(e => e.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return page.Value.ToPage(found, e => e.Id, e => View(e, devices));
    }

    /// <summary>
    /// The events after a place in the log, in its order, at most 500, and the place up to which that is all. What a live reader asks for each time that
    /// something has happened.
    /// </summary>
    public async Task<Result<EventStretch>> ReadAfterAsync(Actor actor, EventQuery query, long after, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.EventsRead, "event.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        if (Check(query) is { } error)
        {
            return error;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var devices = sight.DevicesOf(actor);

        // read first: what is numbered after that may be missing below
        var head = await db.Set<EventHead>().Select(h => h.Position).SingleAsync(cancellationToken);
        var found = await Visible(db, Filter(db, query), devices).Where(e => e.Position > after).OrderBy(e => e.Position).Take(PageRequest.MaxLimit).ToListAsync(cancellationToken);
        var last = found.Count == 0 ? after : found[^1].Position!.Value;
        return new EventStretch(found.ConvertAll(e => View(e, devices)), last, found.Count == PageRequest.MaxLimit ? last : Math.Max(head, last), devices is not null);
    }

    /// <summary>Where a live reader begins: behind this event, or at the end of the log where none is named.</summary>
    public async Task<long> PlaceAsync(Guid? id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (id is null)
        {
            return await db.Set<EventHead>().Select(h => h.Position).SingleAsync(cancellationToken);
        }

        // One that is deleted by now was older than all that are left.
        return await db.Set<EventEntry>().Where(e => e.Id == id).Select(e => e.Position).SingleOrDefaultAsync(cancellationToken)
            ?? await db.Set<EventEntry>().Where(e => e.Id < id).MaxAsync(e => e.Position, cancellationToken) ?? 0;
    }

    private IQueryable<EventEntry> Visible(OperoneDb db, IQueryable<EventEntry> events, Guid[]? devices)
    {
        if (devices is null)
        {
            return events;
        }

        var runs = sight.RunsOn(db, devices);
        return events.Where(e => (e.DeviceId != null && EF.Parameter(devices).Contains(e.DeviceId.Value))
            || (e.DeviceId == null && e.RunId != null && runs.Any(r => r == e.RunId)));
    }

    // On how many devices a run was, and how it went on all of them, is for those who see all of them.
    private static EventView View(EventEntry happened, Guid[]? devices)
    {
        var view = happened.ToView();
        return devices is null || view.Data is not { DeviceId: null, RunId: not null, Details: { } details }
            ? view
            : view with { Data = view.Data with { Details = details.Where(d => d.Key == "command").ToDictionary() } };
    }

    private static Error? Check(EventQuery query)
    {
        var errors = new FieldErrors();
        errors.AddIf(query.Type?.Length > MaxType, "type", $"is longer than {MaxType} characters");
        errors.AddIf(query.Type?.Contains('\0', StringComparison.Ordinal) == true, "type", "has a character that no type has (U+0000)");
        errors.AddIf(query.From > query.To, "from", "must not be after 'to'");
        return errors.ToError();
    }

    private static IQueryable<EventEntry> Filter(OperoneDb db, EventQuery query)
    {
        var events = db.Set<EventEntry>().AsQueryable();
        if (query.Type is { Length: > 0 } type)
        {
            var prefix = type.EndsWith('*') ? type[..^1] : null;
            events = prefix is null ? events.Where(e => e.Type == type) : events.Where(e => e.Type.StartsWith(prefix));
        }

        if (query.DeviceId is { } device)
        {
            events = events.Where(e => e.DeviceId == device);
        }

        // The id begins with the time, and is the index that the list is read by.
        if (query.From is { } from)
        {
            var first = OrderedIds.FirstAt(from - TimeSpan.FromSeconds(from.UtcTicks > TimeSpan.TicksPerMinute ? 1 : 0));
            events = events.Where(e => e.Id >= first && e.At >= from);
        }

        if (query.To is { } to)
        {
            var last = OrderedIds.FirstAt(to + TimeSpan.FromSeconds(to.UtcTicks < DateTimeOffset.MaxValue.Ticks - TimeSpan.TicksPerMinute ? 1 : 0));
            events = events.Where(e => e.Id <= last && e.At <= to);
        }

        return events;
    }
}
