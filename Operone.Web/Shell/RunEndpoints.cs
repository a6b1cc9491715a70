using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Devices;
using Operone.Web.Hosting;
using Operone.Web.Shell.Streams;

namespace Operone.Web.Shell;

/// <summary>Runs over REST.</summary>
internal static class RunEndpoints
{
    /// <summary>The longest that a request waits for a run to end, in seconds.</summary>
    private const double MaxWaitSeconds = 300;

    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup("/api/v1/runs").WithTags("Runs").RequirePermission(Permissions.RunsRead).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/", List).WithName("ListRuns").WithSummary("List runs, newest first")
            .WithDescription("Without executions: ask for one run to see them. A run is seen through its devices: who may see runs on some of them sees "
                + "the run as far as it is on those.");
        read.MapGet("/{id:guid}", Get).WithName("GetRun").WithSummary("Get a run with its executions")
            .WithDescription("With `waitSeconds` the answer comes once all executions have ended, or when the time is up.");
        read.MapGet("/{id:guid}/executions/{device}/stdout", Stdout).WithName("GetStdout").WithSummary("Read standard output")
            .WithDescription("The bytes exactly as the command wrote them; `Range` is honoured. `device` is an id, a name or an execution's id. Of a run with `stdout`: "
                + "\"stream\" they come live, once, for whoever made it; an answer that breaks off is not the whole. Of an instance of a workload the newest output is kept: "
                + "`Range` counts from the first byte that was ever printed, the answer begins at the first one that is kept, and the header `Operone-Let-Go` says so in words.")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .Produces<Stream>(200, "application/octet-stream").Produces(206, contentType: "application/octet-stream");
        read.MapGet("/{id:guid}/executions/{device}/stderr", Stderr).WithName("GetStderr").WithSummary("Read standard error")
            .WithDescription("The bytes exactly as the command wrote them; `Range` is honoured. `device` is an id or a name. Of an instance of a workload as for standard output.")
            .Produces<Stream>(200, "application/octet-stream").Produces(206, contentType: "application/octet-stream");
        read.MapGet("/{id:guid}/executions/{device}/output", Both).WithName("GetOutput").WithSummary("Read both outputs as one text")
            .WithDescription("Standard output and standard error in the order in which they arrived on the device.")
            .Produces<Stream>(200, "text/plain");
        read.MapGet("/{id:guid}/stream", RunStreamEndpoint.Stream).WithName("StreamRun").WithSummary("Follow a run live")
            .WithDescription("Server-sent events: `output` (RunStreamOutput), `status` (RunStreamStatus), and of instances of workloads `gap` (RunStreamGap) before "
                + "output of which something is not kept any more. It begins with what is there "
                + "already and ends when the run has: the last event is a `status` without a device. `Last-Event-ID` resumes.")
            .Produces<string>(200, "text/event-stream");

        var act = routes.MapGroup("/api/v1/runs").WithTags("Runs").RequirePermission(Permissions.RunsCreate).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        act.MapPost("/", Create).WithName("CreateRun").WithSummary("Run a command on devices")
            .WithDescription("Exactly one of `command`, `argv` and `script`. Answers 202 at once, or with `waitSeconds` 200 once all executions "
                + "have ended (202 when the time is up first). With an `Idempotency-Key` the same request is carried out once in 24 hours. "
                + "Refused where the caller may not run commands on one of the devices, unless `target.onlyPermitted` leaves those out. "
                + "A device that is cordoned is passed by unless it is named (`skipped`); one that is being drained takes nothing. With `placement` Operone "
                + "chooses among the target's devices and reserves there what the command needs; where there is no room the run waits, and says why.")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        act.MapPost("/{id:guid}/cancel", Cancel).WithName("CancelRun").WithSummary("Cancel a run")
            .WithDescription("What is queued ends at once; what runs is terminated with its whole process tree, and killed after 5 seconds. "
                + "On devices where the caller may not run commands it goes on: `notCancelled` names those that the caller sees.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<RunView>, Accepted<RunView>, ProblemHttpResult>> Create(
        HttpContext http, Actor actor, RunService runs, CreateRun request,
        [Description("How long to wait for the end, in seconds, 0 to 300.")] double? waitSeconds,
        [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey, CancellationToken cancellationToken)
    {
        if (CheckWait(waitSeconds) is { } invalid)
        {
            return invalid.ToProblem();
        }

        var created = await runs.CreateAsync(actor, request, idempotencyKey, TimeSpan.FromSeconds(waitSeconds ?? 0), cancellationToken);
        if (created.IsError)
        {
            return created.Error!.ToProblem();
        }

        var run = created.Value;
        var location = $"/api/v1/runs/{run.Id}";
        if (run.Status.IsEnd())
        {
            http.Response.Headers.Location = location;
            return TypedResults.Ok(run);
        }

        return TypedResults.Accepted(location, run);
    }

    private static async Task<Results<Ok<Page<RunView>>, ProblemHttpResult>> List(
        Actor actor, RunReader reader, DeviceDirectory devices, DeviceSight sight,
        [Description("running, succeeded, failed, cancelled, or queued for those that wait for room.")] string? status,
        [Description("A device's id or name.")] string? device,
        [Description("Text in the command or in who made it.")] string? q,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken)
    {
        RunStatus? state = null;
        var isWaiting = status == ExecutionStatus.Queued.ToText();
        if (status is not null && !isWaiting)
        {
            state = Enum.GetValues<RunStatus>().Cast<RunStatus?>().FirstOrDefault(s => s!.Value.ToText() == status);
            if (state is null)
            {
                return Error.InvalidField("status", "must be running, succeeded, failed, cancelled or queued").ToProblem();
            }
        }

        Guid? deviceId = null;
        if (device is not null)
        {
            // A device that was removed still has its runs, under its id.
            deviceId = devices.Find(device) is { } found && (sight.May(actor, Permissions.DevicesRead, found.Id) || sight.May(actor, Permissions.RunsRead, found.Id))
                ? found.Id : (Guid.TryParse(device, out var id) ? id : null);
            if (deviceId is null)
            {
                return DeviceErrors.NotFound(device).ToProblem();
            }
        }

        return (await reader.ListAsync(actor, new(state, deviceId, q, limit ?? 50, cursor, IsWaiting: isWaiting), cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<RunView>, ProblemHttpResult>> Get(
        Actor actor, Guid id, RunReader reader,
        [Description("How long to wait for the end, in seconds, 0 to 300.")] double? waitSeconds, CancellationToken cancellationToken)
    {
        if (CheckWait(waitSeconds) is { } invalid)
        {
            return invalid.ToProblem();
        }

        var run = waitSeconds is > 0 and var seconds
            ? await reader.WaitAsync(actor, id, TimeSpan.FromSeconds(seconds), cancellationToken)
            : await reader.GetAsync(actor, id, cancellationToken);
        return run.ToOk();
    }

    private static async Task<Results<Ok<RunView>, ProblemHttpResult>> Cancel(Actor actor, Guid id, RunService runs, CancellationToken cancellationToken)
    {
        return (await runs.CancelAsync(actor, id, cancellationToken)).ToOk();
    }

    private static async Task<IResult> Stdout(
        HttpContext http, Actor actor, Guid id, string device, RunOutput output, StreamService streams, CancellationToken cancellationToken)
    {
        var streamed = await streams.TakeAsync(actor, id, device, cancellationToken);
        if (streamed.IsError || streamed.Value is null)
        {
            return streamed.IsError ? streamed.Error!.ToProblem() : await SendAsync(http, actor, id, device, output, OutputStream.Stdout, cancellationToken);
        }

        await StreamEndpoints.SendAsync(http, streamed.Value, cancellationToken);
        return Results.Empty;
    }

    private static Task<IResult> Stderr(HttpContext http, Actor actor, Guid id, string device, RunOutput output, CancellationToken cancellationToken) =>
        SendAsync(http, actor, id, device, output, OutputStream.Stderr, cancellationToken);

    private static Task<IResult> Both(HttpContext http, Actor actor, Guid id, string device, RunOutput output, CancellationToken cancellationToken) =>
        SendAsync(http, actor, id, device, output, null, cancellationToken);

    private static async Task<IResult> SendAsync(
        HttpContext http, Actor actor, Guid id, string device, RunOutput output, OutputStream? stream, CancellationToken cancellationToken)
    {
        var opened = await output.OpenAsync(actor, id, device, stream, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!.ToProblem();
        }

        // What a command printed must never be taken for a page of ours.
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        var (whole, newest) = opened.Value;
        return newest ?? (IResult)TypedResults.Stream(whole!, stream is null ? "text/plain; charset=utf-8" : "application/octet-stream", enableRangeProcessing: true);
    }

    private static Error? CheckWait(double? waitSeconds) =>
        waitSeconds is { } seconds && !(seconds >= 0 && seconds <= MaxWaitSeconds)
            ? Error.InvalidField("waitSeconds", $"must be 0 to {MaxWaitSeconds}") : null;
}
