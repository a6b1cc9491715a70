using System.ComponentModel;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Kernel.Workloads;
using Operone.Web.Access;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Workloads;

/// <summary>Workloads over REST.</summary>
internal static class WorkloadEndpoints
{
    private const string Root = "/api/v1/workloads";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void MapWorkloads(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(WorkloadDocument.SchemaPath, Schema).WithTags("Workloads").AllowAnonymous().WithName("GetWorkloadSchema").WithSummary("Get the schema of workloads")
            .WithDescription("JSON Schema (draft 2020-12) of what `POST /api/v1/workloads/apply` takes. The address stays; editors complete workloads by it.")
            .Produces<string>(200, "application/schema+json");

        var read = routes.MapGroup(Root).WithTags("Workloads").RequirePermission(Permissions.JobsRead).ProducesAccessProblems().ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet("/", List).WithName("ListWorkloads").WithSummary("List workloads, by name")
            .WithDescription("With how many of each run and are well. There are those that reach a device on which the caller may see jobs.");
        read.MapGet("/{idOrName}", Get).WithName("GetWorkload").WithSummary("Get a workload with its instances")
            .WithDescription("What is to run, and each instance with its device, run, health and restarts; the latest that have ended come last.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{idOrName}/export", Export).WithName("ExportWorkload").WithSummary("Export a workload as YAML or JSON")
            .WithDescription("Always the same text for the same version; `POST /api/v1/workloads/apply` takes it.")
            .Produces<string>(200, "application/yaml").Produces<string>(200, "application/json").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{idOrName}/versions", Versions).WithName("ListWorkloadVersions").WithSummary("List a workload's versions, newest first")
            .WithDescription("Who wrote each, when, and why it was rolled back where it was.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{idOrName}/versions/{number:int}", Version).WithName("GetWorkloadVersion").WithSummary("Get a version of a workload")
            .WithDescription("What the workload was then.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{name}/versions/{number:int}/difference", Difference).WithName("CompareWorkloadVersions").WithSummary("Compare two versions of a workload")
            .WithDescription("Line by line, as YAML. By default with the version before.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapPost("/check", Check).WithName("CheckWorkload").WithSummary("Check a workload without writing it")
            .WithDescription("YAML or JSON. Each problem has its place, line and column.").Accepts<string>("application/yaml", "application/json", "text/plain");

        var write = routes.MapGroup(Root).WithTags("Workloads").RequirePermission(Permissions.JobsManage).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        write.MapPost("/apply", Apply).WithName("ApplyWorkload").WithSummary("Write a workload from YAML or JSON")
            .WithDescription("Makes the workload and starts it, or makes a new version of the one with its name, which takes the place of the old one in batches; the same once more "
                + "changes nothing. The caller must be allowed to manage jobs on every device that it reaches, and to run them there where it runs.")
            .Accepts<string>("application/yaml", "application/json", "text/plain");
        write.MapPut("/{idOrName}", Put).WithName("WriteWorkload").WithSummary("Write a new version of a workload")
            .WithDescription("With `version` nothing is done where the newest version is another one by now.");
        write.MapDelete("/{idOrName}", Remove).WithName("RemoveWorkload").WithSummary("Remove a workload")
            .WithDescription("Its instances are ended first; it is there until they are. Their runs stay.");
        write.MapPost("/{idOrName}/rollback", Rollback).WithName("RollBackWorkload").WithSummary("Bring a version of a workload back")
            .WithDescription("In batches, as an update. By default the one before that was not rolled back itself.");

        var act = routes.MapGroup(Root).WithTags("Workloads").RequirePermission(Permissions.JobsRun).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        act.MapPost("/{idOrName}/start", Start).WithName("StartWorkload").WithSummary("Start a workload")
            .WithDescription("In the name of the caller: its instances run as long as it is not stopped.");
        act.MapPost("/{idOrName}/stop", Stop).WithName("StopWorkload").WithSummary("Stop a workload")
            .WithDescription("Its instances are ended on their devices. It stays, and can be started again.");
        act.MapPost("/{idOrName}/scale", Scale).WithName("ScaleWorkload").WithSummary("Change the number of instances")
            .WithDescription("It holds until the workload is applied again. Refused where there is one on every device.");
        act.MapPost("/{idOrName}/restart", Restart).WithName("RestartWorkload").WithSummary("Start all instances of a workload anew")
            .WithDescription("In batches, as an update.");
        act.MapPost("/{idOrName}/move", Move).WithName("MoveWorkloadInstance").WithSummary("Move an instance to another device")
            .WithDescription("To the one that is named, or to any other. With more than one instance the new one is well before the old one is ended; with one the old one is ended first.")
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
    }

    private static IResult Schema() => TypedResults.Text(WorkloadDocument.Schema().ToJsonString(Indented), "application/schema+json", Encoding.UTF8);

    private static async Task<Results<Ok<Page<WorkloadView>>, ProblemHttpResult>> List(
        Actor actor, WorkloadReader reader,
        [Description("Text in the name.")] string? q,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await reader.ListAsync(actor, q, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WorkloadView>, ProblemHttpResult>> Get(Actor actor, string idOrName, WorkloadReader reader, CancellationToken cancellationToken) =>
        (await reader.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<IResult> Export(
        Actor actor, string idOrName, WorkloadReader reader, PublicAddress address, HttpRequest request,
        [Description("`yaml` (by default) or `json`.")] string? format,
        [Description("Which version; by default the present one.")] int? version, CancellationToken cancellationToken)
    {
        if (format is not (null or "yaml" or "json"))
        {
            return Error.InvalidField("format", "must be yaml or json").ToProblem();
        }

        var found = await reader.VersionAsync(actor, idOrName, version, cancellationToken);
        return found.IsError ? found.Error!.ToProblem()
            : format == "json" ? TypedResults.Text(WorkloadDocument.ToJson(found.Value.Definition!).ToJsonString(Indented) + "\n", "application/json", Encoding.UTF8)
            : TypedResults.Text(WorkloadDocument.ToYaml(found.Value.Definition!, address.For(request) + WorkloadDocument.SchemaPath), "application/yaml", Encoding.UTF8);
    }

    private static async Task<Results<Ok<Page<WorkloadVersionView>>, ProblemHttpResult>> Versions(
        Actor actor, string idOrName, WorkloadReader reader,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await reader.VersionsAsync(actor, idOrName, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WorkloadVersionView>, ProblemHttpResult>> Version(
        Actor actor, string idOrName, int number, WorkloadReader reader, CancellationToken cancellationToken) =>
        (await reader.VersionAsync(actor, idOrName, number, cancellationToken)).ToOk();

    private static async Task<Results<Ok<JobDifference>, ProblemHttpResult>> Difference(
        Actor actor, string name, int number, WorkloadReader reader,
        [Description("The version to compare with; by default the one before.")] int? from, CancellationToken cancellationToken) =>
        (await reader.CompareAsync(actor, name, from ?? number - 1, number, cancellationToken)).ToOk();

    private static async Task<Results<Ok<CheckedWorkload>, ProblemHttpResult>> Check(Actor actor, HttpRequest request, CancellationToken cancellationToken)
    {
        var text = await JobEndpoints.ReadAsync(request, cancellationToken);
        return text.IsError ? text.Error!.ToProblem() : WorkloadReader.Check(actor, text.Value).ToOk();
    }

    private static async Task<Results<Ok<AppliedWorkload>, ProblemHttpResult>> Apply(
        Actor actor, HttpRequest request, WorkloadService workloads,
        [Description("Whether a new one is to run at once; by default yes.")] bool? start, CancellationToken cancellationToken)
    {
        var text = await JobEndpoints.ReadAsync(request, cancellationToken);
        return text.IsError ? text.Error!.ToProblem() : (await workloads.ApplyAsync(actor, text.Value, start ?? true, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<AppliedWorkload>, ProblemHttpResult>> Put(
        Actor actor, string idOrName, WorkloadDefinition definition, WorkloadService workloads,
        [Description("The newest version that was looked at.")] int? version, CancellationToken cancellationToken) =>
        (await workloads.WriteAsync(actor, idOrName, definition, version, start: true, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> Remove(Actor actor, string idOrName, WorkloadService workloads, CancellationToken cancellationToken) =>
        (await workloads.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();

    private static async Task<Results<Ok<WorkloadView>, ProblemHttpResult>> Rollback(
        Actor actor, string idOrName, RollbackWorkload request, WorkloadService workloads, CancellationToken cancellationToken) =>
        (await workloads.RollbackAsync(actor, idOrName, request.Version, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WorkloadView>, ProblemHttpResult>> Start(Actor actor, string idOrName, WorkloadService workloads, CancellationToken cancellationToken) =>
        (await workloads.StartAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WorkloadView>, ProblemHttpResult>> Stop(Actor actor, string idOrName, WorkloadService workloads, CancellationToken cancellationToken) =>
        (await workloads.StopAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WorkloadView>, ProblemHttpResult>> Scale(
        Actor actor, string idOrName, ScaleWorkload request, WorkloadService workloads, CancellationToken cancellationToken) =>
        (await workloads.ScaleAsync(actor, idOrName, request.Count, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WorkloadView>, ProblemHttpResult>> Restart(Actor actor, string idOrName, WorkloadService workloads, CancellationToken cancellationToken) =>
        (await workloads.RestartAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<Results<Ok<WorkloadView>, ProblemHttpResult>> Move(
        Actor actor, string idOrName, MoveInstance request, WorkloadService workloads, CancellationToken cancellationToken) =>
        (await workloads.MoveAsync(actor, idOrName, request.Instance, request.Device, cancellationToken)).ToOk();
}
