using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>The doors of the audit trail in the REST API.</summary>
internal static class AuditEndpoints
{
    private const string Filters = " All that is given must hold: text somewhere in it; the actor, action or target (run.* is every action that begins so); "
        + "whether it was allowed; a time to begin and a time to end at; the session, the API token, the request.";

    public static void Map(IEndpointRouteBuilder app)
    {
        var audit = app.MapGroup("/api/v1/audit").WithTags("Access").RequirePermission(Permissions.AuditRead).ProducesAccessProblems();
        audit.MapGet("/", ListAsync).WithName("ListAudit").WithSummary("Read the audit trail")
            .WithDescription("Who did what to what, and whether it was allowed; newest first." + Filters)
            .ProducesProblem(StatusCodes.Status400BadRequest);
        audit.MapGet("/export", ExportAsync).WithName("ExportAudit").WithSummary("Export the audit trail")
            .WithDescription("A file of JSON Lines (format=jsonl) or CSV (format=csv), oldest first, up to the entry that is the newest when it begins." + Filters)
            .Produces(StatusCodes.Status200OK, contentType: "application/jsonl", additionalContentTypes: "text/csv")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        audit.MapGet("/verify", VerifyAsync).WithName("VerifyAudit").WithSummary("Verify the audit trail")
            .WithDescription("Goes through the chain of hashes from the newest anchor to the end, and says whether it holds, or from which entry it does not and why. "
                + "With a place (seq) and a hash that were noted elsewhere, it is held against those too.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
    }

    private static async Task<Results<Ok<Page<AuditEntryView>>, ProblemHttpResult>> ListAsync(
        Actor actor, AuditLog log, [AsParameters] AuditFilter filter, int? limit, string? cursor, CancellationToken cancellationToken) =>
        (await log.ListAsync(actor, filter.ToQuery(), limit, cursor, cancellationToken)).ToOk();

    private static async Task<Results<PushStreamHttpResult, ProblemHttpResult>> ExportAsync(
        HttpContext http, Actor actor, AuditLog log, TimeProvider time, [AsParameters] AuditFilter filter, string? format, CancellationToken cancellationToken)
    {
        var export = await log.ExportAsync(actor, filter.ToQuery(), format, cancellationToken);
        if (export.IsError)
        {
            return export.Error!.ToProblem();
        }

        http.Response.Headers.CacheControl = "no-store";
        var name = $"operone-audit-{time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}.{export.Value.Format.Name}";
        return TypedResults.Stream(stream => export.Value.WriteToAsync(stream, http.RequestAborted), export.Value.Format.ContentType, name);
    }

    private static async Task<Results<Ok<AuditVerification>, ProblemHttpResult>> VerifyAsync(
        Actor actor, AuditVerifier verifier, long? seq, string? hash, CancellationToken cancellationToken)
    {
        if (seq is null != hash is null)
        {
            return Error.InvalidField(seq is null ? "seq" : "hash", "is missing: a place and a hash go together").ToProblem();
        }

        return (await verifier.VerifyAsync(actor, seq is null ? null : new(seq.Value, hash!), cancellationToken)).ToOk();
    }
}

/// <summary>The query parameters that choose audit entries.</summary>
internal sealed class AuditFilter
{
    [FromQuery(Name = "text")]
    public string? Text { get; init; }

    [FromQuery(Name = "actor")]
    public string? Actor { get; init; }

    [FromQuery(Name = "action")]
    public string? Action { get; init; }

    [FromQuery(Name = "target")]
    public string? Target { get; init; }

    [FromQuery(Name = "allowed")]
    public bool? Allowed { get; init; }

    [FromQuery(Name = "from")]
    public DateTimeOffset? From { get; init; }

    [FromQuery(Name = "to")]
    public DateTimeOffset? To { get; init; }

    [FromQuery(Name = "session")]
    public Guid? Session { get; init; }

    [FromQuery(Name = "token")]
    public Guid? Token { get; init; }

    [FromQuery(Name = "request")]
    public string? Request { get; init; }

    public AuditQuery ToQuery() => new(Text, Actor, Action, Target, Allowed, From, To, Session, Token, Request);
}
