using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Events.Webhooks;

/// <summary>Webhooks over REST.</summary>
internal static class WebhookEndpoints
{
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;
    private const string Needs = " Needs `settings.manage`, and `events.read` on everything.";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/webhooks").WithTags("Events").RequirePermission(Permissions.SettingsManage).ProducesAccessProblems();
        group.MapGet("/", ListAsync).WithName("ListWebhooks").WithSummary("List webhooks")
            .WithDescription("By name, with how many events wait and how many could not be sent. Secrets are not in it." + Needs).ProducesProblem(Bad);
        group.MapGet("/{idOrName}", GetAsync).WithName("GetWebhook").WithSummary("Look at a webhook").WithDescription("By its id or name." + Needs).ProducesProblem(Unknown);
        group.MapPost("/", CreateAsync).WithName("CreateWebhook").WithSummary("Make a webhook")
            .WithDescription("What happens from now on is sent there, signed as Standard Webhooks says, with the secret that is in this answer alone. The body is the CloudEvent, or what "
                + "`template` makes of it. What is not taken is sent again for a day. Addresses that are not of the public internet are refused unless `Operone:Webhooks:AllowedNetworks` has them." + Needs)
            .ProducesProblem(Bad).ProducesProblem(Conflict);
        group.MapPut("/{idOrName}", ReplaceAsync).WithName("ReplaceWebhook").WithSummary("Replace a webhook")
            .WithDescription("Its secret stays. Events that wait are sent as it says now. One that turned itself off is turned on by `isEnabled`." + Needs)
            .ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        group.MapDelete("/{idOrName}", RemoveAsync).WithName("RemoveWebhook").WithSummary("Remove a webhook")
            .WithDescription("With what waits to be sent there." + Needs).ProducesProblem(Unknown);
        group.MapPost("/{idOrName}/secret", RotateAsync).WithName("RotateWebhookSecret").WithSummary("Make a new secret")
            .WithDescription("It is in this answer alone. For a day requests carry a signature by the secret before too." + Needs).ProducesProblem(Unknown);
        group.MapPost("/{idOrName}/test", TestAsync).WithName("TestWebhook").WithSummary("Try a webhook")
            .WithDescription("Sends an event of the type `webhook.tested`, once, and gives what came of it. It is in no log." + Needs).ProducesProblem(Unknown);
        group.MapGet("/{idOrName}/deliveries", ListDeliveriesAsync).WithName("ListWebhookDeliveries").WithSummary("List what was sent to a webhook")
            .WithDescription("Newest first: what waits, what was taken (kept for seven days) and what was given up (kept for thirty)." + Needs).ProducesProblem(Bad).ProducesProblem(Unknown);
        group.MapPost("/{idOrName}/deliveries/again", SendAllAgainAsync).WithName("ResendWebhookDeliveries").WithSummary("Send again what was given up")
            .WithDescription("All of it, for a day anew." + Needs).ProducesProblem(Unknown).ProducesProblem(Conflict);
        group.MapGet("/{idOrName}/deliveries/{sentId:guid}", GetDeliveryAsync).WithName("GetWebhookDelivery").WithSummary("Look at what was sent to a webhook")
            .WithDescription("One event, with each attempt: when, how long, the answer's status, how the answer begins." + Needs).ProducesProblem(Unknown);
        group.MapPost("/{idOrName}/deliveries/{sentId:guid}/again", SendAgainAsync).WithName("ResendWebhookDelivery").WithSummary("Send one event again")
            .WithDescription("One that was given up, for a day anew." + Needs).ProducesProblem(Unknown).ProducesProblem(Conflict);
    }

    private static async Task<Results<Ok<Page<WebhookView>>, ProblemHttpResult>> ListAsync(
        Actor actor, WebhookService webhooks, [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await webhooks.ListAsync(actor, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> GetAsync(
        Actor actor, string idOrName, WebhookService webhooks, CancellationToken cancellationToken) => (await webhooks.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Created<WebhookSecretView>, ProblemHttpResult>> CreateAsync(
        Actor actor, WriteWebhook request, WebhookService webhooks, CancellationToken cancellationToken)
    {
        var made = await webhooks.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"/api/v1/webhooks/{made.Value.Webhook.Id}", made.Value);
    }

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> ReplaceAsync(
        Actor actor, string idOrName, WriteWebhook request, WebhookService webhooks, CancellationToken cancellationToken) =>
        (await webhooks.ReplaceAsync(actor, idOrName, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, string idOrName, WebhookService webhooks, CancellationToken cancellationToken) => (await webhooks.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<WebhookSecretView>, ProblemHttpResult>> RotateAsync(
        Actor actor, string idOrName, WebhookService webhooks, CancellationToken cancellationToken) => (await webhooks.RotateAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WebhookAttemptView>, ProblemHttpResult>> TestAsync(
        Actor actor, string idOrName, WebhookService webhooks, CancellationToken cancellationToken) => (await webhooks.TestAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<Page<WebhookDeliveryView>>, ProblemHttpResult>> ListDeliveriesAsync(
        Actor actor, string idOrName, WebhookDeliveries deliveries, [Description("Of this state alone.")] DeliveryStatus? status,
        [Description("How many, 1 to 500.")] int? limit, [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await deliveries.ListAsync(actor, idOrName, status, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WebhookResent>, ProblemHttpResult>> SendAllAgainAsync(
        Actor actor, string idOrName, WebhookDeliveries deliveries, CancellationToken cancellationToken) =>
        (await deliveries.SendAllAgainAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WebhookDeliveryDetails>, ProblemHttpResult>> GetDeliveryAsync(
        Actor actor, string idOrName, Guid sentId, WebhookDeliveries deliveries, CancellationToken cancellationToken) =>
        (await deliveries.GetAsync(actor, idOrName, sentId, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> SendAgainAsync(
        Actor actor, string idOrName, Guid sentId, WebhookDeliveries deliveries, CancellationToken cancellationToken) =>
        (await deliveries.SendAgainAsync(actor, idOrName, sentId, cancellationToken)).ToNoContent();
}
