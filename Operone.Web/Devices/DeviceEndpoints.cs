using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Devices;

/// <summary>The doors of devices in the REST API.</summary>
internal static class DeviceEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var read = app.MapGroup("/api/v1/devices").WithTags("Devices").RequirePermission(Permissions.DevicesRead).ProducesAccessProblems();
        read.MapGet("/", ListAsync).WithName("ListDevices").WithSummary("List devices")
            .WithDescription("By name. All that is given must hold: a selector of labels in Kubernetes' grammar, a status, a text in the name or a label, "
                + "and whether it takes new work: `intake` is open, cordoned, draining or drained.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet("/{idOrName}", GetAsync).WithName("GetDevice").WithSummary("Look at a device")
            .WithDescription("With its labels, its facts, and whether its agent is connected now.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{idOrName}/telemetry", TelemetryAsync).WithName("GetDeviceTelemetry").WithSummary("Read a device's telemetry")
            .WithDescription("From one time to another, in RFC 3339; the last hour where neither is given. Samples as they came where all of the range "
                + "is in the last hour, else the means of minutes, which are kept for a week.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);

        var manage = app.MapGroup("/api/v1/devices").WithTags("Devices").RequirePermission(Permissions.DevicesManage).ProducesAccessProblems();
        manage.MapPatch("/{idOrName}", UpdateAsync).WithName("UpdateDevice").WithSummary("Rename or label a device")
            .WithDescription("What is not given stays as it is. Labels that are given take the place of all labels.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        manage.MapPost("/{idOrName}/cordon", CordonAsync).WithName("CordonDevice").WithSummary("Cordon a device")
            .WithDescription("From now on selectors, `all` and placement pass it by; who names it may still run commands there. What runs goes on.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        manage.MapPost("/{idOrName}/drain", DrainAsync).WithName("DrainDevice").WithSummary("Drain a device")
            .WithDescription("From now on it takes no new runs at all, not even from who names it. What it had accepted is finished; then it is `drained`. "
                + "Terminals and files are not runs: they stay.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        manage.MapPost("/{idOrName}/uncordon", UncordonAsync).WithName("UncordonDevice").WithSummary("Let a device take new work again")
            .WithDescription("The end of a cordon or a drain. What waits for room may be placed there at once.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        manage.MapDelete("/{idOrName}", RemoveAsync).WithName("RemoveDevice").WithSummary("Remove a device")
            .WithDescription("Its agent is told to forget who it was, and is refused from now on. Its runs stay; those that have not ended end as lost.")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<Page<DeviceView>>, ProblemHttpResult>> ListAsync(
        Actor actor, DeviceService devices, string? selector, string? status, string? q, string? intake, int? limit, string? cursor,
        CancellationToken cancellationToken) =>
        (await devices.ListAsync(actor, new(selector, status, q, limit, cursor, intake), cancellationToken)).ToOk();

    private static async Task<Results<Ok<DeviceView>, ProblemHttpResult>> GetAsync(
        Actor actor, string idOrName, DeviceService devices, CancellationToken cancellationToken) =>
        (await devices.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<TelemetrySeries>, ProblemHttpResult>> TelemetryAsync(
        Actor actor, string idOrName, DateTimeOffset? from, DateTimeOffset? to, TelemetryService telemetry, CancellationToken cancellationToken) =>
        (await telemetry.GetAsync(actor, idOrName, from, to, cancellationToken)).ToOk();

    private static async Task<Results<Ok<DeviceView>, ProblemHttpResult>> UpdateAsync(
        Actor actor, string idOrName, UpdateDevice change, DeviceService devices, CancellationToken cancellationToken) =>
        (await devices.UpdateAsync(actor, idOrName, change, cancellationToken)).ToOk();

    private static async Task<Results<Ok<DeviceView>, ProblemHttpResult>> CordonAsync(
        Actor actor, string idOrName, CordonDevice? request, CordonService cordons, CancellationToken cancellationToken) =>
        (await cordons.CordonAsync(actor, idOrName, request?.Reason, cancellationToken)).ToOk();

    private static async Task<Results<Ok<DeviceView>, ProblemHttpResult>> DrainAsync(
        Actor actor, string idOrName, CordonDevice? request, CordonService cordons, CancellationToken cancellationToken) =>
        (await cordons.DrainAsync(actor, idOrName, request?.Reason, cancellationToken)).ToOk();

    private static async Task<Results<Ok<DeviceView>, ProblemHttpResult>> UncordonAsync(
        Actor actor, string idOrName, CordonService cordons, CancellationToken cancellationToken) =>
        (await cordons.UncordonAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, string idOrName, DeviceService devices, CancellationToken cancellationToken) =>
        (await devices.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();
}
