using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Schedules.Windows;

/// <summary>Maintenance windows over REST.</summary>
internal static class MaintenanceWindowEndpoints
{
    private const string Path = "/api/v1/maintenance-windows";
    private const int Bad = StatusCodes.Status400BadRequest;
    private const int Unknown = StatusCodes.Status404NotFound;
    private const int Conflict = StatusCodes.Status409Conflict;

    public static void MapMaintenanceWindows(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup(Path).WithTags("Kernel").RequirePermission(Permissions.JobsRead).ProducesAccessProblems();
        read.MapGet("/", ListAsync).WithName("ListMaintenanceWindows").WithSummary("List maintenance windows")
            .WithDescription("By name, all of them, at most 200; those that are for a device on which the caller sees jobs.");
        read.MapGet("/{idOrName}", GetAsync).WithName("GetMaintenanceWindow").WithSummary("Look at a maintenance window").WithDescription("By its id or name.").ProducesProblem(Unknown);

        var write = routes.MapGroup(Path).WithTags("Kernel").RequirePermission(Permissions.JobsManage).ProducesAccessProblems();
        write.MapPost("/", CreateAsync).WithName("CreateMaintenanceWindow").WithSummary("Make a maintenance window")
            .WithDescription("Schedules work on its devices only, or never, while it is open. It opens by `cron`, `calendar` or `at`, and stays open for `duration`. "
                + "Needs `jobs.manage` on all its devices.").ProducesProblem(Bad).ProducesProblem(Conflict);
        write.MapPost("/apply", ApplyAsync).WithName("ApplyMaintenanceWindows").WithSummary("Write maintenance windows from YAML or JSON")
            .WithDescription("One, or a list of them. Each is made, or replaces the one with its name; the same once more changes nothing. Where one is wrong or may not be written by the caller none is.")
            .Accepts<string>("application/yaml", "application/json", "text/plain").ProducesProblem(Bad).ProducesProblem(Conflict);
        write.MapPut("/{idOrName}", ReplaceAsync).WithName("ReplaceMaintenanceWindow").WithSummary("Replace a maintenance window")
            .WithDescription("What is not given goes. Needs `jobs.manage` on the devices that it is for before and after.").ProducesProblem(Bad).ProducesProblem(Unknown).ProducesProblem(Conflict);
        write.MapDelete("/{idOrName}", RemoveAsync).WithName("RemoveMaintenanceWindow").WithSummary("Remove a maintenance window")
            .WithDescription("What waits for it is looked at again at once.").ProducesProblem(Unknown);
    }

    private static async Task<Results<Ok<Page<MaintenanceWindowView>>, ProblemHttpResult>> ListAsync(
        Actor actor, MaintenanceWindowService windows, CancellationToken cancellationToken) => (await windows.ListAsync(actor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<MaintenanceWindowView>, ProblemHttpResult>> GetAsync(
        Actor actor, string idOrName, MaintenanceWindowService windows, CancellationToken cancellationToken) => (await windows.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Created<MaintenanceWindowView>, ProblemHttpResult>> CreateAsync(
        Actor actor, SaveMaintenanceWindow request, MaintenanceWindowService windows, CancellationToken cancellationToken)
    {
        var made = await windows.CreateAsync(actor, request, cancellationToken);
        return made.IsError ? made.Error!.ToProblem() : TypedResults.Created($"{Path}/{made.Value.Id}", made.Value);
    }

    private static async Task<Results<Ok<AppliedWindows>, ProblemHttpResult>> ApplyAsync(
        Actor actor, HttpRequest request, MaintenanceWindowService windows, CancellationToken cancellationToken)
    {
        var text = await JobEndpoints.ReadAsync(request, cancellationToken);
        return text.IsError ? text.Error!.ToProblem() : (await windows.ApplyAsync(actor, text.Value, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<MaintenanceWindowView>, ProblemHttpResult>> ReplaceAsync(
        Actor actor, string idOrName, SaveMaintenanceWindow request, MaintenanceWindowService windows, CancellationToken cancellationToken) =>
        (await windows.ReplaceAsync(actor, idOrName, request, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Actor actor, string idOrName, MaintenanceWindowService windows, CancellationToken cancellationToken) => (await windows.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();
}
