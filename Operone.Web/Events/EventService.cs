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

/// <summary>Reads the event log.</summary>
internal sealed class EventService(IDbContextFactory<OperoneDb> databases, IAuditTrail audit)
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
        var events = Filter(db, query);
        if (page.Value.After is { } after)
        {
            events = events.Where(e => e.Id < after);
        }

        var found = await events.OrderByDescending(e => e.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return page.Value.ToPage(found, e => e.Id, e => e.ToView());
    }

    /// <summary>The events after one, oldest first, at most 500. What a live reader asks for each time that something has happened.</summary>
    public async Task<Result<IReadOnlyList<EventView>>> ReadAfterAsync(Actor actor, EventQuery query, Guid after, CancellationToken cancellationToken)
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
        var found = await Filter(db, query).Where(e => e.Id > after).OrderBy(e => e.Id).Take(PageRequest.MaxLimit).ToListAsync(cancellationToken);
        return found.ConvertAll(e => e.ToView());
    }

    /// <summary>The newest event's id, or the empty one where there is none: where a live reader begins.</summary>
    public async Task<Guid> NewestIdAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Set<EventEntry>().OrderByDescending(e => e.Id).Select(e => e.Id).FirstOrDefaultAsync(cancellationToken);
    }

    private static Error? Check(EventQuery query)
    {
        var errors = new FieldErrors();
        errors.AddIf(query.Type?.Length > MaxType, "type", $"is longer than {MaxType} characters");
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
            var first = OrderedIds.FirstAt(from.AddSeconds(-1));
            events = events.Where(e => e.Id >= first && e.At >= from);
        }

        if (query.To is { } to)
        {
            var last = OrderedIds.FirstAt(to.AddSeconds(1));
            events = events.Where(e => e.Id <= last && e.At <= to);
        }

        return events;
    }
}
