using System.Data.Common;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Errors;
using Operone.Web.Access;

namespace Operone.Web.Hosting;

/// <summary>Turns errors into RFC 9457 problem details, in one place.</summary>
internal static partial class Problems
{
    public const string TypePrefix = "https://operone.dev/problems/";

    /// <summary>The member of a problem, and the header, with the seconds to wait.</summary>
    private const string RetryAfter = "retryAfterSeconds";

    /// <summary>The HTTP status of an error.</summary>
    public static int StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Invalid => StatusCodes.Status400BadRequest,
        ErrorKind.Unauthenticated => StatusCodes.Status401Unauthorized,
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.Conflict => StatusCodes.Status409Conflict,
        ErrorKind.Unprocessable => StatusCodes.Status422UnprocessableEntity,
        ErrorKind.TooMany => StatusCodes.Status429TooManyRequests,
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    /// <summary>An error as a problem response.</summary>
    public static ProblemHttpResult ToProblem(this Error error) => TypedResults.Problem(Details(error));

    /// <summary>An error as problem details.</summary>
    public static ProblemDetails Details(Error error)
    {
        var status = StatusOf(error.Kind);
        var details = error.Fields is { } fields
            ? new HttpValidationProblemDetails(new Dictionary<string, string[]>(fields))
            : new ProblemDetails();
        details.Type = TypePrefix + error.Code;
        details.Title = error.Title;
        details.Detail = error.Detail;
        details.Status = status;
        if (error.RetryAfter is { } wait)
        {
            details.Extensions[RetryAfter] = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        }

        return details;
    }

    /// <summary>Problem details with the request's id, and one handler for what is thrown.</summary>
    public static void AddProblems(this IServiceCollection services)
    {
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            if (context is { Exception: null, ProblemDetails: { Status: 400, Detail: null } } && MalformedParameters.Find(context.HttpContext) is { } malformed)
            {
                context.ProblemDetails = Details(malformed);
            }

            context.ProblemDetails.Instance ??= AskedFor(context.HttpContext);
            context.ProblemDetails.Extensions["requestId"] = context.HttpContext.TraceIdentifier;
            if (context.ProblemDetails.Extensions.TryGetValue(RetryAfter, out var seconds))
            {
                context.HttpContext.Response.Headers.RetryAfter = Convert.ToString(seconds, System.Globalization.CultureInfo.InvariantCulture);
            }

            if (context.ProblemDetails.Type is null || context.ProblemDetails.Type.StartsWith("https://tools.ietf.org", StringComparison.Ordinal))
            {
                context.ProblemDetails.Type = TypePrefix + "http-" + context.ProblemDetails.Status;
            }

            context.ProblemDetails.Detail ??= context.ProblemDetails.Status switch
            {
                404 => $"There is nothing at {AskedFor(context.HttpContext)}. The API is described at /api.",
                405 => $"{AskedFor(context.HttpContext)} does not take {context.HttpContext.Request.Method}.",
                413 => "The body is over the limit of this route. Standard input and scripts may have up to 1 MiB.",
                415 => "The body must be JSON: send Content-Type: application/json.",
                _ => null,
            };
        });
        services.AddExceptionHandler<ThrownProblems>();
    }

    /// <summary>The path that was asked for: while an error is handled, the request's own path is the error page's.</summary>
    private static PathString AskedFor(HttpContext context) =>
        context.Features.Get<IExceptionHandlerPathFeature>() is { } failed ? new(failed.Path) : context.Request.Path;

    /// <summary>
    /// Whether an exception says that the database cannot be reached for now, or does not do what it is asked for now: it starts or stops, has too many
    /// connections, or is a standby until the connection is a new one.
    /// </summary>
    public static bool IsDatabaseAway(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is Npgsql.NpgsqlException { IsTransient: true } or TimeoutException
                || (exception is Npgsql.PostgresException { SqlState: "57P01" or "57P02" or "57P03" or "53300" or "25006" })
                || (exception is Npgsql.NpgsqlException and not Npgsql.PostgresException)
                || (exception is Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: 5 or 6 or 10 or 13 or 14 }))
            {
                return true;
            }
        }

        return false;
    }

    private sealed partial class ThrownProblems(IProblemDetailsService problems, ILogger<ThrownProblems> logger) : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
            {
                httpContext.Response.StatusCode = 499;
                return true;
            }

            if (!AccessSchemes.IsForPrograms(AskedFor(httpContext)))
            {
                return false;
            }

            var error = Translate(exception);
            if (error is null)
            {
                Log.RequestFailed(logger, exception, httpContext.Request.Method, AskedFor(httpContext));
            }

            var details = error is null
                ? new ProblemDetails
                {
                    Status = 500,
                    Type = TypePrefix + "internal-error",
                    Title = "The server failed.",
                    Detail = "This is a fault of the server, not of the request. Its log has the cause under the request's id.",
                }
                : Details(error);
            if (exception is BadHttpRequestException { StatusCode: var status and not 400 })
            {
                details.Status = status;
            }

            httpContext.Response.StatusCode = details.Status!.Value;
            if (details.Status == 503)
            {
                httpContext.Response.Headers.RetryAfter = "2";
            }

            return await problems.TryWriteAsync(new() { HttpContext = httpContext, ProblemDetails = details, Exception = exception });
        }

        private static Error? Translate(Exception exception) => exception switch
        {
            BadHttpRequestException { InnerException: JsonException json } => FromJson(json),
            BadHttpRequestException { StatusCode: 413 } => new(ErrorKind.Invalid, "body-too-large", "The request's body is too large.",
                "The body is over the limit of this route. Standard input and scripts may have up to 1 MiB."),
            BadHttpRequestException bad when BadParameter().Match(bad.Message) is { Success: true } parameter =>
                Error.InvalidField(JsonNamingPolicy.CamelCase.ConvertName(parameter.Groups["name"].Value), $"'{parameter.Groups["value"].Value}' is not {MalformedParameters.Expected(parameter.Groups["type"].Value)}"),
            BadHttpRequestException bad => new(ErrorKind.Invalid, "malformed-request", "The request cannot be read.", bad.Message),
            JsonException json => FromJson(json),
            DbException or DbUpdateException or InvalidOperationException or TimeoutException when IsDatabaseAway(exception) => DatabaseAway,
            DbException or DbUpdateException when exception.GetBaseException() is Npgsql.PostgresException { SqlState: "22021" } => new(
                ErrorKind.Invalid, "malformed-text", "A text has a character that cannot be.", "What was sent has the character U+0000 in a text. Leave it out."),
            _ => null,
        };

        [GeneratedRegex("""^Failed to bind parameter "(Nullable<)?(?<type>\w+)>? (?<name>\w+)" from "(?<value>.*)"\.$""", RegexOptions.Singleline)]
        private static partial Regex BadParameter();

        private static Error FromJson(JsonException json)
        {
            var path = json.Path is { Length: > 2 } p && p.StartsWith("$.", StringComparison.Ordinal) ? p[2..] : json.Path ?? "$";
            var unmapped = Regex.Match(json.Message, "^The JSON property '([^']*)' could not be mapped");
            if (unmapped.Success)
            {
                var parent = path.Contains('.', StringComparison.Ordinal) ? path[..(path.LastIndexOf('.') + 1)] : "";
                return Error.InvalidField(parent + unmapped.Groups[1].Value, "is not a known field");
            }

            var position = json.LineNumber is { } line ? $" (line {line + 1}, byte {json.BytePositionInLine + 1})" : "";
            return json.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal) && path != "$"
                ? Error.InvalidField(path, $"has the wrong type{position}")
                : new Error(ErrorKind.Invalid, "malformed-json", "The body is not the JSON that is expected.", $"At {path}{position}: {json.Message.Split(" Path:")[0].Split(" LineNumber:")[0]}");
        }
    }

    /// <summary>The database cannot be reached for now.</summary>
    public static Error DatabaseAway { get; } = new(ErrorKind.Unavailable, "database-unavailable", "The database cannot be reached.",
        "Nothing was changed. Try again in a moment.");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
        public static partial void RequestFailed(ILogger logger, Exception exception, string method, string path);
    }
}
