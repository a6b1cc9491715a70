using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Access;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Alerts;

/// <summary>Alerts, their rules and silences over REST.</summary>
internal static class AlertEndpoints
{
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;

    public static void MapAlerts(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup("/api/v1").WithTags("Kernel").RequirePermission(Permissions.AlertsRead).ProducesAccessProblems();
        read.MapGet("/alerts", ListAsync).WithName("ListAlerts").WithSummary("List alerts")
            .WithDescription("Newest first; those that are open, unless `state` says otherwise. Those that are over are kept for thirty days.").ProducesProblem(Bad);
        read.MapGet("/alerts/{id:guid}", GetAsync).WithName("GetAlert").WithSummary("Look at an alert").WithDescription("By its id.").ProducesProblem(Unknown);
        read.MapGet("/alert-rules", ListRulesAsync).WithName("ListAlertRules").WithSummary("List alert rules")
            .WithDescription("By name, with how many of their alerts are firing; those that there are for the caller.").ProducesProblem(Bad);
        read.MapGet("/alert-rules/{idOrName}", GetRuleAsync).WithName("GetAlertRule").WithSummary("Look at an alert rule").WithDescription("By its id or name.").ProducesProblem(Unknown);
        read.MapGet("/silences", ListSilencesAsync).WithName("ListSilences").WithSummary("List silences")
            .WithDescription("Newest first; those that hold or will, and with `ended` those of the last thirty days.").ProducesProblem(Bad);

        var write = routes.MapGroup("/api/v1").WithTags("Kernel").RequirePermission(Permissions.AlertsManage).ProducesAccessProblems();
        write.MapPost("/alerts/{id:guid}/acknowledge", AcknowledgeAsync).WithName("AcknowledgeAlert").WithSummary("Acknowledge an alert")
            .WithDescription("Nothing more is told of it but that it is over. An alert of an event or a job is over by it.").ProducesProblem(Unknown).ProducesProblem(Conflict);
        write.MapPost("/alert-rules", CreateRuleAsync).WithName("CreateAlertRule").WithSummary("Make an alert rule")
            .WithDescription("It looks in the name of whoever saved it last, at the devices on which they may manage alerts. Exactly one of `telemetry`, `offline`, `job` and `events` says at what.")
            .ProducesProblem(Bad).ProducesProblem(Conflict);
        write.MapPost("/alert-rules/apply", ApplyRulesAsync).WithName("ApplyAlertRules").WithSummary("Write alert rules from YAML or JSON")
            .WithDescription("One, or a list of them. Each is made, or replaces the one with its name; the same once more changes nothing. Where one is wrong or may not be written by the caller none is.")
            .Accepts<string>("application/yaml", "application/json", "text/plain").ProducesProblem(Bad).ProducesProblem(Conflict);
        write.MapPost("/alert-rules/preview", PreviewAsync).WithName("PreviewAlertRule").WithSummary("See what an alert rule would do now")
            .WithDescription("On how many devices its condition holds at this moment; of jobs and events how many there were within a day. Nothing is stored.").ProducesProblem(Bad);
        write.MapPut("/alert-rules/{idOrName}", ReplaceRuleAsync).WithName("ReplaceAlertRule").WithSummary("Replace an alert rule")
            .WithDescription("What is not given goes. Alerts that are open go on where the rule still looks at them. Somebody else's takes `alerts.manage` on everything.")
            .ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        write.MapDelete("/alert-rules/{idOrName}", RemoveRuleAsync).WithName("RemoveAlertRule").WithSummary("Remove an alert rule")
            .WithDescription("Its alerts that are open are over with it.").ProducesProblem(Unknown).ProducesProblem(Conflict);
        write.MapPost("/silences", CreateSilenceAsync).WithName("CreateSilence").WithSummary("Make a silence")
            .WithDescription("Until it ends nobody is told of the alerts that it is for. Of those that fire still, they are told then.").ProducesProblem(Bad).ProducesProblem(Conflict);
        write.MapDelete("/silences/{id:guid}", EndSilenceAsync).WithName("EndSilence").WithSummary("End a silence now")
            .WithDescription("It stays in the history.").ProducesProblem(Unknown).ProducesProblem(Conflict);
    }

    private static async Task<Results<Ok<Page<AlertView>>, ProblemHttpResult>> ListAsync(
        Actor actor, AlertService alerts,
        [Description("Those in this state: `pending`, `firing`, `recovered`, `open` (pending or firing; the default) or `all`.")] string? state,
        [Description("Those that are this bad: `info`, `warning` or `critical`.")] string? severity,
        [Description("Of this rule alone, by id or name.")] string? rule,
        [Description("Of this device alone, by id or name.")] string? device,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken)
    {
        var query = AlertQuery.Read(state, severity, rule, device);
        return query.IsError ? query.Error!.ToProblem() : (await alerts.ListAsync(actor, query.Value, limit, cursor, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<AlertView>, ProblemHttpResult>> GetAsync(Actor actor, Guid id, AlertService alerts, CancellationToken cancellationToken) =>
        (await alerts.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<AlertView>, ProblemHttpResult>> AcknowledgeAsync(Actor actor, Guid id, AlertService alerts, CancellationToken cancellationToken) =>
        (await alerts.AcknowledgeAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<Page<AlertRuleView>>, ProblemHttpResult>> ListRulesAsync(
        Actor actor, AlertRuleService rules,
        [Description("Text in the name.")] string? q,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await rules.ListAsync(actor, q, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<AlertRuleView>, ProblemHttpResult>> GetRuleAsync(
        Actor actor, string idOrName, AlertRuleService rules, CancellationToken cancellationToken) =>
        (await rules.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Created<AlertRuleView>, ProblemHttpResult>> CreateRuleAsync(
        Actor actor, SaveAlertRule request, AlertRuleService rules, CancellationToken cancellationToken)
    {
        var made = await rules.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/alert-rules/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<AppliedAlertRules>, ProblemHttpResult>> ApplyRulesAsync(
        Actor actor, HttpRequest request, AlertRuleService rules, CancellationToken cancellationToken)
    {
        var text = await JobEndpoints.ReadAsync(request, cancellationToken);
        return text.IsError ? text.Error!.ToProblem() : (await rules.ApplyAsync(actor, text.Value, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<AlertPreview>, ProblemHttpResult>> PreviewAsync(
        Actor actor, SaveAlertRule request, AlertRulePreviews previews, CancellationToken cancellationToken) =>
        (await previews.PreviewAsync(actor, request, cancellationToken)).ToOk();

    private static async Task<Results<Ok<AlertRuleView>, ProblemHttpResult>> ReplaceRuleAsync(
        Actor actor, string idOrName, SaveAlertRule request, AlertRuleService rules, CancellationToken cancellationToken) =>
        (await rules.ReplaceAsync(actor, idOrName, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveRuleAsync(
        Actor actor, string idOrName, AlertRuleService rules, CancellationToken cancellationToken) =>
        (await rules.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<Page<SilenceView>>, ProblemHttpResult>> ListSilencesAsync(
        Actor actor, SilenceService silences,
        [Description("Those that are over, too.")] bool? ended,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await silences.ListAsync(actor, ended == true, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Created<SilenceView>, ProblemHttpResult>> CreateSilenceAsync(
        Actor actor, SaveSilence request, SilenceService silences, CancellationToken cancellationToken)
    {
        var made = await silences.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/silences/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> EndSilenceAsync(Actor actor, Guid id, SilenceService silences, CancellationToken cancellationToken) =>
        (await silences.EndAsync(actor, id, cancellationToken)).ToNoContent();
}
