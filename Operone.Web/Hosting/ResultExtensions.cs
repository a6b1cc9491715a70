using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core.Errors;

namespace Operone.Web.Hosting;

/// <summary>Turns a service's result into an endpoint's answer.</summary>
internal static class ResultExtensions
{
    /// <summary>200 with the value, or the problem.</summary>
    public static Results<Ok<T>, ProblemHttpResult> ToOk<T>(this Result<T> result) =>
        result.IsError ? result.Error!.ToProblem() : TypedResults.Ok(result.Value);

    /// <summary>204, or the problem.</summary>
    public static Results<NoContent, ProblemHttpResult> ToNoContent(this Result<Unit> result) =>
        result.IsError ? result.Error!.ToProblem() : TypedResults.NoContent();

    /// <summary>The problems that every protected endpoint may answer: 401, 403, and 503 while the database is away.</summary>
    public static TBuilder ProducesAccessProblems<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        foreach (var status in (ReadOnlySpan<int>)[401, 403, 503])
        {
            builder.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(Microsoft.AspNetCore.Mvc.ProblemDetails), ["application/problem+json"]));
        }

        return builder;
    }
}
