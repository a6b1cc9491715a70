using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Recordings;

/// <summary>Recordings over REST.</summary>
internal static class RecordingEndpoints
{
    private const string Asciicast = "application/x-asciicast";

    public static void MapRecordings(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup("/api/v1/recordings").WithTags("Recordings").RequirePermission(Permissions.RecordingsRead).ProducesAccessProblems();
        read.MapGet("/", ListAsync).WithName("ListRecordings").WithSummary("List recordings, newest first")
            .WithDescription("Recordings of terminals on devices on which the caller holds `recordings.read`; those too that are still being made.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/search", SearchAsync).WithName("SearchRecordings").WithSummary("Search in recordings")
            .WithDescription("Lines of text that were on the screen, without regard to case, with the moment to jump to. A recording can be searched once its "
                + "terminal has ended. The newest recording comes first, in each its lines from the beginning.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet("/{id:guid}", GetAsync).WithName("GetRecording").WithSummary("Look at a recording")
            .WithDescription("Without what was recorded. Its id is that of the terminal.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{id:guid}/asciicast", AsciicastAsync).WithName("GetAsciicast").WithSummary("Download a recording")
            .WithDescription("In asciicast v2, exactly as it was made on the device; `Range` is honoured. It is untrusted: it has what programs printed. "
                + "With `play=true` it is noted in the audit trail as played, else as downloaded.")
            .Produces<Stream>(200, Asciicast).Produces(206, contentType: Asciicast).ProducesProblem(StatusCodes.Status404NotFound);

        var manage = routes.MapGroup("/api/v1/recordings").WithTags("Recordings").RequirePermission(Permissions.RecordingsManage).ProducesAccessProblems();
        manage.MapDelete("/{id:guid}", RemoveAsync).WithName("RemoveRecording").WithSummary("Remove a recording")
            .WithDescription("What was recorded goes for good. That there was a terminal stays known. Refused while the terminal goes on.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<RecordingView>>, ProblemHttpResult>> ListAsync(
        Actor actor, RecordingReader recordings, DeviceDirectory devices, DeviceSight sight,
        [Description("A device's id or name.")] string? device,
        [Description("Who opened the terminal: the name as shown, or the id.")] string? owner,
        [Description("A text in the title, the command, the device's or the owner's name.")] string? q,
        [Description("Opened from this time on.")] DateTimeOffset? from, [Description("Opened up to this time.")] DateTimeOffset? to,
        [Description("How many, 1 to 500.")] int? limit, [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken)
    {
        Guid? deviceId = null;
        if (device is not null)
        {
            // A device that was removed still has its recordings, under its id.
            deviceId = devices.Find(device) is { } found && (sight.May(actor, Permissions.DevicesRead, found.Id) || sight.May(actor, Permissions.RecordingsRead, found.Id))
                ? found.Id : (Guid.TryParse(device, out var id) ? id : null);
            if (deviceId is null)
            {
                return DeviceErrors.NotFound(device).ToProblem();
            }
        }

        return (await recordings.ListAsync(actor, new(deviceId, owner, q, from, to, limit, cursor), cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<Page<RecordingMatch>>, ProblemHttpResult>> SearchAsync(
        Actor actor, RecordingSearch search,
        [Description("What to look for, 2 to 200 characters.")] string? q,
        [Description("In this recording alone.")] Guid? recording,
        [Description("How many, 1 to 200.")] int? limit, [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await search.FindAsync(actor, q, recording, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<RecordingView>, ProblemHttpResult>> GetAsync(
        Actor actor, Guid id, RecordingReader recordings, CancellationToken cancellationToken) =>
        (await recordings.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<IResult> AsciicastAsync(
        HttpContext http, Actor actor, Guid id, RecordingReader recordings,
        [Description("Whether it is to be played.")] bool? play, CancellationToken cancellationToken)
    {
        var opened = await recordings.OpenAsync(actor, id, play == true, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!.ToProblem();
        }

        // What a program printed must never be taken for a page of ours.
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Stream(
            opened.Value.Content, Asciicast, $"{opened.Value.Recording.DeviceName}-{id:N}.cast", enableRangeProcessing: true);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, Guid id, RecordingRemoval removal, CancellationToken cancellationToken) =>
        (await removal.RemoveAsync(actor, id, cancellationToken)).ToNoContent();
}
