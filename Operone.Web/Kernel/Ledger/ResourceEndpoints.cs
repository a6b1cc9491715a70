using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Ledger;

/// <summary>The doors of the ledger in the REST API.</summary>
internal static class ResourceEndpoints
{
    public static void MapResources(this IEndpointRouteBuilder app)
    {
        var resources = app.MapGroup("/api/v1/resources").WithTags("Resources").ProducesAccessProblems().ProducesProblem(StatusCodes.Status400BadRequest);
        resources.MapGet("/", ListAsync).RequirePermission(Permissions.DevicesRead).WithName("ListResources").WithSummary("List what devices have and what is reserved")
            .WithDescription("By the device's name. What a device has comes from its facts; what is kept for itself is set with `PATCH /devices/{idOrName}`; what is "
                + "reserved belongs to executions, and to devices of jobs' runs, that have not ended.");
        resources.MapGet("/reservations", ReservationsAsync).RequirePermission(Permissions.RunsRead).WithName("ListReservations").WithSummary("List reservations, newest first")
            .WithDescription("Who has what of which device, and for which run. A reservation ends with its execution, or with its device's part in a job's run, however that ends.")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<Page<DeviceResourcesView>>, ProblemHttpResult>> ListAsync(
        Actor actor, ResourceService resources,
        [Description("A selector of labels.")] string? selector,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await resources.ListAsync(actor, new(selector, limit, cursor), cancellationToken)).ToOk();

    private static async Task<Results<Ok<Page<ReservationView>>, ProblemHttpResult>> ReservationsAsync(
        Actor actor, ResourceService resources,
        [Description("Of this device alone: its id or name.")] string? device,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await resources.ReservationsAsync(actor, device, limit, cursor, cancellationToken)).ToOk();
}
