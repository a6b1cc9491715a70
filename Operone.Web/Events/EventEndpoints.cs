using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Events;

/// <summary>The doors of events in the REST API.</summary>
internal static class EventEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var events = app.MapGroup("/api/v1/events").WithTags("Events").RequirePermission(Permissions.EventsRead).ProducesAccessProblems();
        events.MapGet("/", ListAsync).WithName("ListEvents").WithSummary("Read the event log")
            .WithDescription("Newest first, as CloudEvents 1.0; of the devices that the caller may read events on, and of the runs there. All that is given must hold: a type (device.* is every type that begins so), a device's id, "
                + "a time to begin at, a time to end at. Events are kept for thirty days.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        events.MapGet("/stream", StreamAsync).WithName("StreamEvents").WithSummary("Follow the event log")
            .WithDescription("Server-sent events: the event's id and type, and a CloudEvent as data. It begins with what happens from now on, or after the event "
                + "in the header Last-Event-ID, so that a reader who was cut off misses nothing.")
            .Produces<EventView>(contentType: "text/event-stream").ProducesProblem(StatusCodes.Status400BadRequest);
    }

    private static async Task<Results<Ok<Page<EventView>>, ProblemHttpResult>> ListAsync(
        Actor actor, EventService events, string? type, Guid? deviceId, DateTimeOffset? from, DateTimeOffset? to, int? limit, string? cursor,
        CancellationToken cancellationToken) =>
        (await events.ListAsync(actor, new(type, deviceId, from, to, limit, cursor), cancellationToken)).ToOk();

    private static async Task<Results<EmptyHttpResult, ProblemHttpResult>> StreamAsync(
        HttpContext http, Actor actor, EventService events, LiveChanges changes, string? type, Guid? deviceId,
        [FromHeader(Name = "Last-Event-ID")] string? lastEventId, CancellationToken cancellationToken)
    {
        using var subscription = changes.Subscribe(LiveChanges.Events);
        var query = new EventQuery(type, deviceId);
        Guid? after = null;
        if (!string.IsNullOrEmpty(lastEventId))
        {
            if (!Guid.TryParse(lastEventId, out var id))
            {
                return Error.InvalidField("Last-Event-ID", "is not an id that this stream gave").ToProblem();
            }

            after = id;
        }

        var last = await events.PlaceAsync(after, cancellationToken);

        // What is wrong with the query is said before the stream begins.
        var next = await events.ReadAfterAsync(actor, query, last, cancellationToken);
        if (next.IsError)
        {
            return next.Error!.ToProblem();
        }

        using var stream = await EventStream.BeginAsync(http);
        var settled = new SettledPlace(TimeProvider.System);
        try
        {
            // Who may no longer read them is not told more.
            while (!next.IsError)
            {
                foreach (var happened in next.Value.Events)
                {
                    stream.Write(happened.Id.ToString(), happened.Type, JsonSerializer.SerializeToUtf8Bytes(happened, OperoneJson.Default.EventView));
                }

                // what may still become theirs is stepped over once that had the time to
                last = next.Value.MayGrow ? Math.Max(next.Value.Last, settled.Pass(next.Value.To)) : next.Value.To;
                await stream.FlushAsync();
                if (next.Value.Events.Count == 0)
                {
                    await stream.WaitAsync(subscription);
                }

                next = await events.ReadAfterAsync(actor, query, last, stream.Ended);
            }

            return TypedResults.Empty;
        }
        catch (OperationCanceledException) when (stream.Ended.IsCancellationRequested)
        {
            return TypedResults.Empty;
        }
    }
}
