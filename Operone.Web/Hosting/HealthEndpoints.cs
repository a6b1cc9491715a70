using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Hosting;

/// <summary>How the node is.</summary>
/// <param name="Status">Always <c>ok</c>; what is not is a problem.</param>
internal sealed record HealthView(string Status);

/// <summary>For who keeps the node running: whether it lives, and whether to send it requests.</summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").WithTags("Health").AllowAnonymous();
        health.MapGet("/live", () => TypedResults.Ok(new HealthView("ok"))).WithName("HealthLive").WithSummary("Whether the node lives")
            .WithDescription("Nothing is looked at: who answers, lives.");
        health.MapGet("/ready", ReadyAsync).WithName("HealthReady").WithSummary("Whether the node can serve")
            .WithDescription("The database is asked.").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Results<Ok<HealthView>, ProblemHttpResult>> ReadyAsync(
        IDbContextFactory<OperoneDb> databases, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Database.CanConnectAsync(cancellationToken)
            ? TypedResults.Ok(new HealthView("ok"))
            : Problems.DatabaseAway.ToProblem();
    }
}
