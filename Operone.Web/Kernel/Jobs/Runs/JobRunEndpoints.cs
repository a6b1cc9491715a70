using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>Runs of jobs, and what somebody has to agree to, over REST.</summary>
internal static class JobRunEndpoints
{
    private const double MaxWaitSeconds = 300;

    public static void MapJobRuns(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup("/api/v1/job-runs").WithTags("Jobs").RequirePermission(Permissions.JobsRead).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/", List).WithName("ListJobRuns").WithSummary("List runs of jobs, newest first")
            .WithDescription("A run is seen through its devices: who may see jobs on some of them sees the run as far as it is on those.");
        read.MapGet("/{id:guid}", Get).WithName("GetJobRun").WithSummary("Get a run of a job with its steps")
            .WithDescription("Each step names the runs that were made for it, which have the output. With `waitSeconds` the answer comes once it has ended, or when the time is up.");
        read.MapGet("/{id:guid}/devices", Devices).WithName("ListJobRunDevices").WithSummary("List the devices of a run of a job")
            .WithDescription("In the order in which they come, with their batch and where each stands.");

        var act = routes.MapGroup("/api/v1/job-runs").WithTags("Jobs").RequirePermission(Permissions.JobsRun).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        act.MapPost("/{id:guid}/pause", Pause).WithName("PauseJobRun").WithSummary("Pause a run of a job")
            .WithDescription("Nothing new begins; what is at work comes to the end of its step.");
        act.MapPost("/{id:guid}/resume", Resume).WithName("ResumeJobRun").WithSummary("Go on with a run that was paused")
            .WithDescription("It goes on where it was.");
        act.MapPost("/{id:guid}/cancel", Cancel).WithName("CancelJobRun").WithSummary("Cancel a run of a job")
            .WithDescription("What has not begun does not; what runs is ended on its device.");
        act.MapPost("/{id:guid}/retry", Retry).WithName("RetryJobRun").WithSummary("Do again what did not succeed")
            .WithDescription("A new run, with the same content and parameters, on those devices alone that failed or did not begin.")
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

        routes.MapGroup("/api/v1/approvals").WithTags("Jobs").RequirePermission(Permissions.JobsRead).ProducesAccessProblems().ProducesProblem(StatusCodes.Status400BadRequest)
            .MapGet("/", Approvals).WithName("ListApprovals").WithSummary("List what somebody is asked to agree to, newest first")
            .WithDescription("Each is bound by its hash to exactly the content and the devices that it was asked for.");
        routes.MapGroup("/api/v1/approvals").WithTags("Jobs").RequirePermission(Permissions.JobsRun).ProducesAccessProblems().ProducesProblem(StatusCodes.Status400BadRequest)
            .MapPost("/{id:guid}", Decide).WithName("DecideApproval").WithSummary("Say yes or no")
            .WithDescription("By one who may run jobs on all its devices and did not ask for it. A yes takes the hash of what was looked at.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<JobRunView>>, ProblemHttpResult>> List(
        Actor actor, JobRunReader reader,
        [Description("A job's id or name.")] string? job,
        [Description("waiting, approval, running, succeeded, failed, timed-out, cancelled or refused.")] string? status,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken)
    {
        var state = QueryWord.Parse<JobRunStatus>("status", status);
        return state.IsError ? state.Error!.ToProblem() : (await reader.ListAsync(actor, new(job, state.Value, limit, cursor), cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<JobRunView>, ProblemHttpResult>> Get(
        Actor actor, Guid id, JobRunReader reader,
        [Description("How long to wait for the end, in seconds, 0 to 300.")] double? waitSeconds, CancellationToken cancellationToken) =>
        waitSeconds is { } seconds && !(seconds >= 0 && seconds <= MaxWaitSeconds) ? Error.InvalidField("waitSeconds", $"must be 0 to {MaxWaitSeconds}").ToProblem()
            : (waitSeconds is > 0 and var wait ? await reader.WaitAsync(actor, id, TimeSpan.FromSeconds(wait), cancellationToken) : await reader.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<Page<JobRunDeviceView>>, ProblemHttpResult>> Devices(
        Actor actor, Guid id, JobRunReader reader,
        [Description("pending, running, retrying, succeeded, failed, cancelled or not-started.")] string? status,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken)
    {
        var state = QueryWord.Parse<JobDeviceStatus>("status", status);
        return state.IsError ? state.Error!.ToProblem() : (await reader.DevicesAsync(actor, id, state.Value, limit, cursor, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<JobRunView>, ProblemHttpResult>> Pause(Actor actor, Guid id, JobRunService runs, CancellationToken cancellationToken) =>
        (await runs.PauseAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<JobRunView>, ProblemHttpResult>> Resume(Actor actor, Guid id, JobRunService runs, CancellationToken cancellationToken) =>
        (await runs.ResumeAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<JobRunView>, ProblemHttpResult>> Cancel(Actor actor, Guid id, JobRunService runs, CancellationToken cancellationToken) =>
        (await runs.CancelAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Accepted<JobRunView>, ProblemHttpResult>> Retry(Actor actor, Guid id, JobStarts starts, CancellationToken cancellationToken)
    {
        var run = await starts.RetryAsync(actor, id, cancellationToken);
        return run.IsError ? run.Error!.ToProblem() : TypedResults.Accepted($"/api/v1/job-runs/{run.Value.Id}", run.Value);
    }

    private static async Task<Results<Ok<Page<ApprovalView>>, ProblemHttpResult>> Approvals(
        Actor actor, JobRunService runs,
        [Description("Those alone that nobody has decided.")] bool? waiting,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await runs.ApprovalsAsync(actor, waiting == true, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<ApprovalView>, ProblemHttpResult>> Decide(
        Actor actor, Guid id, DecideApproval decision, JobRunService runs, CancellationToken cancellationToken) =>
        (await runs.DecideAsync(actor, id, decision, cancellationToken)).ToOk();
}
