using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>The doors of <c>/api/v1/me</c>.</summary>
internal static class MeEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var me = app.MapGroup("/api/v1/me").WithTags("Access").RequireSignedIn().ProducesAccessProblems();
        me.MapGet("/", GetAsync).WithName("WhoAmI").WithSummary("Who am I, and what may I?")
            .WithDescription("The person or token, the session, and each permission with the devices that it is held on.");
        me.MapPatch("/", UpdateAsync).WithName("UpdateMe").WithSummary("Change one's own name")
            .WithDescription("Needs a session: `operone login` makes one for a command line.").ProducesProblem(StatusCodes.Status400BadRequest);
    }

    private static async Task<Results<Ok<MeView>, ProblemHttpResult>> GetAsync(Actor actor, MeService me, CancellationToken cancellationToken) =>
        (await me.GetAsync(actor, cancellationToken)).ToOk();

    private static async Task<Results<Ok<MeView>, ProblemHttpResult>> UpdateAsync(
        Actor actor, UpdateMe request, MeService me, CancellationToken cancellationToken) =>
        (await me.RenameAsync(actor, request.DisplayName, cancellationToken)).ToOk();
}
