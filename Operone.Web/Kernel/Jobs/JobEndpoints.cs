using System.ComponentModel;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Access;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Jobs;

/// <summary>Jobs over REST.</summary>
internal static class JobEndpoints
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(JobShape.SchemaPath, Schema).WithTags("Jobs").AllowAnonymous().WithName("GetJobSchema").WithSummary("Get the schema of jobs")
            .WithDescription("JSON Schema (draft 2020-12) of what `POST /api/v1/jobs/apply` takes. The address stays; editors complete jobs by it.")
            .Produces<string>(200, "application/schema+json");

        var read = routes.MapGroup("/api/v1/jobs").WithTags("Jobs").RequirePermission(Permissions.JobsRead).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet("/", List).WithName("ListJobs").WithSummary("List jobs, by name")
            .WithDescription("Without what they do: ask for one. There are those that reach a device on which the caller may see jobs, and those without a target.");
        read.MapGet("/{idOrName}", Get).WithName("GetJob").WithSummary("Get a job")
            .WithDescription("As its newest version has it.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{idOrName}/export", Export).WithName("ExportJob").WithSummary("Export a job as YAML or JSON")
            .WithDescription("Always the same text for the same version; `POST /api/v1/jobs/apply` takes it.")
            .Produces<string>(200, "application/yaml").Produces<string>(200, "application/json").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{idOrName}/versions", Versions).WithName("ListJobVersions").WithSummary("List a job's versions, newest first")
            .WithDescription("Who wrote each, and when.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{idOrName}/versions/{number:int}", Version).WithName("GetJobVersion").WithSummary("Get a version of a job")
            .WithDescription("What the job was then.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{idOrName}/versions/{number:int}/difference", Difference).WithName("CompareJobVersions").WithSummary("Compare two versions of a job")
            .WithDescription("Line by line, as YAML. By default with the version before.").ProducesProblem(StatusCodes.Status404NotFound);
        read.MapPost("/check", Check).WithName("CheckJob").WithSummary("Check a job without writing it")
            .WithDescription("YAML or JSON. Each problem has its place, line and column.").Accepts<string>("application/yaml", "application/json", "text/plain");

        var write = routes.MapGroup("/api/v1/jobs").WithTags("Jobs").RequirePermission(Permissions.JobsManage).ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status409Conflict);
        write.MapPost("/apply", Apply).WithName("ApplyJob").WithSummary("Write a job from YAML or JSON")
            .WithDescription("Makes the job, or a new version of the one with its name; the same once more changes nothing. The caller must be allowed to manage jobs on "
                + "every device that the job reaches, before and after.")
            .Accepts<string>("application/yaml", "application/json", "text/plain");
        write.MapPut("/{idOrName}", Put).WithName("WriteJob").WithSummary("Write a new version of a job")
            .WithDescription("It may get another name. With `version` nothing is done where the job has another version by now.").ProducesProblem(StatusCodes.Status404NotFound);
        write.MapDelete("/{idOrName}", Remove).WithName("RemoveJob").WithSummary("Remove a job")
            .WithDescription("With its versions. Runs that have ended stay; while one goes on it is refused.").ProducesProblem(StatusCodes.Status404NotFound);

        routes.MapGroup("/api/v1/jobs").WithTags("Jobs").RequirePermission(Permissions.JobsRun).ProducesAccessProblems().ProducesProblem(StatusCodes.Status400BadRequest)
            .MapPost("/{idOrName}/runs", Run).WithName("RunJob").WithSummary("Run a job")
            .WithDescription("With the values of its parameters; with a target where the job has none. Refused where the caller may not run jobs on one of the devices, unless "
                + "the target leaves those out.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
    }

    private static IResult Schema() => TypedResults.Text(JobShape.Schema().ToJsonString(Indented), "application/schema+json", Encoding.UTF8);

    private static async Task<Results<Ok<Page<JobView>>, ProblemHttpResult>> List(
        Actor actor, JobService jobs,
        [Description("Text in the name.")] string? q,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await jobs.ListAsync(actor, q, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<JobView>, ProblemHttpResult>> Get(Actor actor, string idOrName, JobService jobs, CancellationToken cancellationToken) =>
        (await jobs.GetAsync(actor, idOrName, cancellationToken)).ToOk();

    private static async Task<IResult> Export(
        Actor actor, string idOrName, JobService jobs, PublicAddress address, HttpRequest request,
        [Description("`yaml` (by default) or `json`.")] string? format,
        [Description("Which version; by default the newest.")] int? version, CancellationToken cancellationToken)
    {
        if (format is not (null or "yaml" or "json"))
        {
            return Error.InvalidField("format", "must be yaml or json").ToProblem();
        }

        var found = await jobs.VersionAsync(actor, idOrName, version, cancellationToken);
        return found.IsError ? found.Error!.ToProblem()
            : format == "json" ? TypedResults.Text(JobDocument.ToJson(found.Value.Definition!).ToJsonString(Indented) + "\n", "application/json", Encoding.UTF8)
            : TypedResults.Text(YamlWriter.Write(found.Value.Definition!, address.For(request) + JobShape.SchemaPath), "application/yaml", Encoding.UTF8);
    }

    private static async Task<Results<Ok<Page<JobVersionView>>, ProblemHttpResult>> Versions(
        Actor actor, string idOrName, JobService jobs,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await jobs.VersionsAsync(actor, idOrName, limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<JobVersionView>, ProblemHttpResult>> Version(
        Actor actor, string idOrName, int number, JobService jobs, CancellationToken cancellationToken) =>
        (await jobs.VersionAsync(actor, idOrName, number, cancellationToken)).ToOk();

    private static async Task<Results<Ok<JobDifference>, ProblemHttpResult>> Difference(
        Actor actor, string idOrName, int number, JobService jobs,
        [Description("The version to compare with; by default the one before.")] int? from, CancellationToken cancellationToken) =>
        (await jobs.CompareAsync(actor, idOrName, from ?? number - 1, number, cancellationToken)).ToOk();

    private static async Task<Results<Ok<CheckedJob>, ProblemHttpResult>> Check(Actor actor, HttpRequest request, CancellationToken cancellationToken)
    {
        var text = await ReadAsync(request, cancellationToken);
        return text.IsError ? text.Error!.ToProblem() : JobService.Check(actor, text.Value).ToOk();
    }

    private static async Task<Results<Ok<AppliedJob>, ProblemHttpResult>> Apply(Actor actor, HttpRequest request, JobService jobs, CancellationToken cancellationToken)
    {
        var text = await ReadAsync(request, cancellationToken);
        return text.IsError ? text.Error!.ToProblem() : (await jobs.ApplyAsync(actor, text.Value, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<AppliedJob>, ProblemHttpResult>> Put(
        Actor actor, string idOrName, JobDefinition definition, JobService jobs,
        [Description("The version that was looked at.")] int? version, CancellationToken cancellationToken) =>
        (await jobs.WriteAsync(actor, idOrName, definition, version, cancellationToken)).ToOk();

    private static async Task<Results<NoContent, ProblemHttpResult>> Remove(Actor actor, string idOrName, JobService jobs, CancellationToken cancellationToken) =>
        (await jobs.RemoveAsync(actor, idOrName, cancellationToken)).ToNoContent();

    private static async Task<Results<Accepted<JobRunView>, ProblemHttpResult>> Run(
        Actor actor, string idOrName, RunJob request, JobStarts starts, CancellationToken cancellationToken)
    {
        var run = await starts.StartAsync(actor, idOrName, request, JobCause.Asked, cancellationToken);
        return run.IsError ? run.Error!.ToProblem() : TypedResults.Accepted($"/api/v1/job-runs/{run.Value.Id}", run.Value);
    }

    /// <summary>The text of a request, as a document is written.</summary>
    internal static async Task<Result<string>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await request.Body.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > JobRules.MaxDocumentBytes)
            {
                return Error.InvalidField("document", $"it is over {JobRules.MaxDocumentBytes} bytes");
            }
        }

        try
        {
            return Strict.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (DecoderFallbackException)
        {
            return Error.InvalidField("document", "it is not UTF-8");
        }
    }
}
