using System.Buffers;
using System.ComponentModel;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core.Access;
using Operone.Core.Channels;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Streams;

/// <summary>Streamed standard input and output over REST.</summary>
internal static class StreamEndpoints
{
    /// <summary>How long a client that was answered before it had sent all may be silent.</summary>
    private static readonly TimeSpan _silence = TimeSpan.FromSeconds(5);

    public static void MapStreams(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/runs/{id:guid}/executions/{device}/stdin").WithTags("Runs").RequirePermission(Permissions.RunsCreate)
            .ProducesAccessProblems().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPut("/", Feed).AddEndpointFilter(AnswerFirstAsync).WithName("PutStdin").WithSummary("Feed standard input")
            .WithDescription("Of a run with `stdin`: \"stream\", by whoever made it. The body is of any size, and its end is the end of the input. A "
                + "body that breaks off is none: within a minute another one goes on at the offset that `GET` gives. `device` is an id, a name or an execution's id.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        group.MapGet("/", Look).WithName("GetStdin").WithSummary("How far is standard input?")
            .WithDescription("How many bytes of a streamed standard input the command has taken.").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Sends what a command prints as it comes. What breaks off is aborted, so that nobody takes a part for the whole.</summary>
    public static async Task SendAsync(HttpContext http, DeviceStream stream, CancellationToken cancellationToken)
    {
        using var held = stream;
        http.SendAsItComes();
        http.Response.ContentType = "application/octet-stream";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        var buffer = ArrayPool<byte>.Shared.Rent(ChannelLimits.BufferBytes);
        try
        {
            await http.Response.Body.FlushAsync(cancellationToken); // whoever waits for it knows that it is taken
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await http.Response.Body.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await http.Response.Body.FlushAsync(cancellationToken);
            }

            if (stream.Ended is { Text: null })
            {
                await stream.CloseAsync(cancellationToken);
                await http.Response.CompleteAsync();
                return;
            }

            http.Abort();
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or IOException)
        {
            http.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<Results<Ok<StdinView>, ProblemHttpResult>> Feed(
        HttpContext http, Actor actor, Guid id, string device, StreamService streams,
        [Description("Where in all of the input the body begins, in bytes; what the command has already is skipped. 0 by default.")] long? offset,
        CancellationToken cancellationToken)
    {
        http.TakeAnyBody();

        return (await streams.FeedAsync(actor, id, device, offset ?? 0, http.Request.BodyReader, cancellationToken)).ToOk();
    }

    /// <summary>
    /// Answers at once, whatever is still being sent, and then takes that for as long as it comes: over HTTP/1.1 a connection that is
    /// closed in the midst of a request takes the answer with it, and many a client looks for one only when it has sent all.
    /// </summary>
    private static async ValueTask<object?> AnswerFirstAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var (http, answer) = (context.HttpContext, await next(context));
        if (!HttpProtocol.IsHttp11(http.Request.Protocol) || answer is not IResult result || IsTaken(http.Request))
        {
            return answer;
        }

        http.Response.Headers.Connection = "close"; // who understands that sends no more
        await result.ExecuteAsync(http);
        await http.Response.CompleteAsync();
        await DrainAsync(http);
        return TypedResults.Empty;
    }

    /// <summary>Whether all of the body has come and was read. One that waits to be asked for it (RFC 9110, section 10.1.1) is not asked.</summary>
    private static bool IsTaken(HttpRequest request)
    {
        if (request.Headers.Expect.Count > 0)
        {
            return false;
        }

        try
        {
            if (!request.BodyReader.TryRead(out var read))
            {
                return false;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start);
            return read is { IsCompleted: true, Buffer.IsEmpty: true };
        }
        catch (IOException)
        {
            return true; // whoever sent it is gone
        }
    }

    private static async Task DrainAsync(HttpContext http)
    {
        var body = http.Request.BodyReader;
        var stopping = http.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        using var wake = patience.Token.Register(body.CancelPendingRead);
        try
        {
            var isOver = false;
            while (!isOver && !patience.IsCancellationRequested)
            {
                patience.CancelAfter(_silence);
                var read = await body.ReadAsync(CancellationToken.None);
                isOver = read.IsCompleted;
                body.AdvanceTo(read.Buffer.End);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or IOException)
        {
            // whoever sent it is gone
        }
    }

    private static async Task<Results<Ok<StdinView>, ProblemHttpResult>> Look(
        Actor actor, Guid id, string device, StreamService streams, CancellationToken cancellationToken) =>
        (await streams.LookAsync(actor, id, device, cancellationToken)).ToOk();
}
