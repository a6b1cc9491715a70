using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Schedules;

/// <summary>Schedules over REST.</summary>
internal static class ScheduleEndpoints
{
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;
    private const string Hooks = "/api/v1/hooks";

    /// <summary>The path that fires the schedule with this token.</summary>
    public static string HookPath(string token) => $"{Hooks}/{token}";

    public static void MapSchedules(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup("/api/v1/schedules").WithTags("Kernel").RequirePermission(Permissions.JobsRead).ProducesAccessProblems();
        read.MapGet("/", ListAsync).WithName("ListSchedules").WithSummary("List schedules")
            .WithDescription("By name, with the next ten times of each; those of jobs that there are for the caller.").ProducesProblem(Bad);
        read.MapGet("/{idOrName}", GetAsync).WithName("GetSchedule").WithSummary("Look at a schedule").WithDescription("By its id or name.").ProducesProblem(Unknown);
        read.MapGet("/{idOrName}/firings", FiringsAsync).WithName("ListScheduleFirings").WithSummary("List when a schedule fired")
            .WithDescription("Newest first, with the job run that each made, or why it made none. Kept for thirty days.").ProducesProblem(Bad).ProducesProblem(Unknown);
        routes.MapGet("/api/v1/schedule-firings", AllFiringsAsync).WithTags("Kernel").RequirePermission(Permissions.JobsRead).ProducesAccessProblems()
            .WithName("ListFirings").WithSummary("List when schedules fired").WithDescription("Newest first, those of all schedules that there are for the caller.").ProducesProblem(Bad);
        read.MapPost("/preview", Preview).WithName("PreviewSchedule").WithSummary("See the next times of a schedule")
            .WithDescription("Reads cron, calendar words, an interval or a time, and gives the next ten times, or all that is wrong by field. Nothing is stored.").ProducesProblem(Bad);

        var write = routes.MapGroup("/api/v1/schedules").WithTags("Kernel").RequirePermission(Permissions.JobsManage).ProducesAccessProblems();
        write.MapPost("/", CreateAsync).WithName("CreateSchedule").WithSummary("Make a schedule")
            .WithDescription("It fires in the name of whoever saved it last, with what they may at that moment. Exactly one of `cron`, `calendar`, `every`, `at` and `on` says when. "
                + "Where it waits for a webhook, the path of its address is in the answer, and never again. Needs `jobs.manage` on all devices that the job reaches.")
            .ProducesProblem(Bad).ProducesProblem(Conflict);
        write.MapPut("/{idOrName}", ReplaceAsync).WithName("ReplaceSchedule").WithSummary("Replace a schedule")
            .WithDescription("What is not given goes. The token of its webhook stays.").ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        write.MapDelete("/{idOrName}", RemoveAsync).WithName("RemoveSchedule").WithSummary("Remove a schedule")
            .WithDescription("What it has started goes on.").ProducesProblem(Unknown);
        write.MapPost("/{idOrName}/enable", EnableAsync).WithName("EnableSchedule").WithSummary("Turn a schedule on")
            .WithDescription("What it missed while it was off is not made up for. It fires in the caller's name from now on.").ProducesProblem(Unknown).ProducesProblem(Conflict);
        write.MapPost("/{idOrName}/disable", DisableAsync).WithName("DisableSchedule").WithSummary("Turn a schedule off")
            .WithDescription("It fires no more until it is turned on; what it had fired and has not begun is dropped.").ProducesProblem(Unknown).ProducesProblem(Conflict);
        write.MapPost("/{idOrName}/fire", FireAsync).WithName("FireSchedule").WithSummary("Fire a schedule now")
            .WithDescription("Besides its times, in the name of whoever it fires for.").ProducesProblem(Unknown);
        write.MapPost("/{idOrName}/webhook", RenewAsync).WithName("RenewScheduleWebhook").WithSummary("Give a schedule's webhook another address")
            .WithDescription("The old one is none at once; the new one is in the answer, and never again. It fires in the caller's name from now on.").ProducesProblem(Unknown).ProducesProblem(Conflict);

        routes.MapPost(Hooks + "/{token}", HookAsync).AllowAnonymous().DisableAntiforgery().RequireRateLimiting(RateLimits.OAuth)
            .WithMetadata(new RequestSizeLimitAttribute(ScheduleHook.MaxBytes)).WithTags("Kernel").WithName("CallScheduleWebhook").WithSummary("Fire a schedule by its webhook")
            .WithDescription("The token in the path is all that it takes. A body, where there is one, is JSON: of its object `parameters` the job's parameters are taken, the rest is left. "
                + "A call with the same `webhook-id` or `Idempotency-Key` once more fires nothing more.")
            .ProducesProblem(Bad).ProducesProblem(Unknown);
    }

    private static async Task<Results<Ok<Page<ScheduleView>>, ProblemHttpResult>> ListAsync(
        Actor actor, ScheduleService schedules,
        [Description("Text in the name.")] string? q,
        [Description("Of this job alone, by id or name.")] string? job,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await schedules.ListAsync(actor, q, job, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<ScheduleView>, ProblemHttpResult>> GetAsync(
        Actor actor, string idOrName, ScheduleService schedules, CancellationToken cancellationToken) =>
        (await schedules.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<Page<FiringView>>, ProblemHttpResult>> FiringsAsync(
        Actor actor, string idOrName, ScheduleService schedules,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await schedules.FiringsAsync(actor, idOrName, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<Page<FiringView>>, ProblemHttpResult>> AllFiringsAsync(
        Actor actor, ScheduleService schedules,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await schedules.AllFiringsAsync(actor, limit, cursor, cancellationToken)).ToOk();

    private static Results<Ok<SchedulePreview>, ProblemHttpResult> Preview(Actor actor, ScheduleWhen request, ScheduleService schedules) =>
        schedules.Preview(actor, request).ToOk();

    private static async Task<Results<Created<SavedSchedule>, ProblemHttpResult>> CreateAsync(
        Actor actor, SaveSchedule request, ScheduleService schedules, CancellationToken cancellationToken)
    {
        var made = await schedules.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/schedules/{made.Value.Schedule.Id}", made.Value);
    }

    private static async Task<Results<Ok<SavedSchedule>, ProblemHttpResult>> ReplaceAsync(
        Actor actor, string idOrName, SaveSchedule request, ScheduleService schedules, CancellationToken cancellationToken) =>
        (await schedules.ReplaceAsync(actor, idOrName, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, string idOrName, ScheduleService schedules, CancellationToken cancellationToken) =>
        (await schedules.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<ScheduleView>, ProblemHttpResult>> EnableAsync(
        Actor actor, string idOrName, ScheduleService schedules, CancellationToken cancellationToken) =>
        (await schedules.TurnAsync(actor, idOrName, on: true, cancellationToken)).ToOk();

    private static async Task<Results<Ok<ScheduleView>, ProblemHttpResult>> DisableAsync(
        Actor actor, string idOrName, ScheduleService schedules, CancellationToken cancellationToken) =>
        (await schedules.TurnAsync(actor, idOrName, on: false, cancellationToken)).ToOk();

    private static async Task<Results<Ok<FiringView>, ProblemHttpResult>> FireAsync(
        Actor actor, string idOrName, ScheduleService schedules, CancellationToken cancellationToken) =>
        (await schedules.FireAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<SavedSchedule>, ProblemHttpResult>> RenewAsync(
        Actor actor, string idOrName, ScheduleService schedules, CancellationToken cancellationToken) =>
        (await schedules.RenewHookAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Accepted, ProblemHttpResult>> HookAsync(
        HttpContext http, string token, ScheduleHook hook, [FromHeader(Name = "webhook-id")] string? webhookId,
        [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey, CancellationToken cancellationToken)
    {
        var fired = await hook.CallAsync(Actor.Anonymous(http), token, http.Request.Body, webhookId ?? idempotencyKey, cancellationToken);
        return fired.IsError ? fired.Error!.ToProblem() : TypedResults.Accepted((string?)null);
    }
}
