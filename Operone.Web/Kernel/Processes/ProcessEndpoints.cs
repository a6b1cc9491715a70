using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Kernel;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Kernel.Processes;

/// <summary>The doors of processes in the REST API.</summary>
internal static class ProcessEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var read = app.MapGroup("/api/v1/devices/{idOrName}/processes").WithTags("Processes").RequirePermission(Permissions.ProcessesRead).ProducesAccessProblems();
        read.MapGet("/", ListAsync).WithName("ListProcesses").WithSummary("List a device's processes")
            .WithDescription("As they are now, all of them. `sort` is `cpu` (by default), `memory`, `pid`, `name`, `user`, `started`, `threads` or `state`; with a minus sign the other way around. "
                + "With `tree` each stands behind its parent, with its depth. Figures that a device cannot tell are left out, and `missing` says what and why; none is 0 for that reason. "
                + "Arguments are shown as they are and may hold what is secret; those of runs that were given secrets are withheld.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        read.MapGet("/stream", StreamAsync).WithName("StreamProcesses").WithSummary("Watch a device's processes")
            .WithDescription("Server-sent events. `processes` has what has changed since the one before: first, and whenever `whole` says so, all processes; then those that are new or have changed, "
                + "figures of others, and those that are gone. `problem` says why there is nothing newer; the stream goes on. `interval` is the time between two samples in milliseconds, 500 to 30000. "
                + "The device samples only while somebody looks, once for all who do.")
            .Produces<ProcessChanges>(StatusCodes.Status200OK, "text/event-stream")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        read.MapGet("/{pid:int}", LookAsync).WithName("GetProcess").WithSummary("Look at a process")
            .WithDescription("With its open files, its program, its working directory, and memory counted by its share, as far as the device's system lets its agent. "
                + "`start` says which process that had this number; without, it is the one that has it now.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);

        var signal = app.MapGroup("/api/v1/devices/{idOrName}/processes").WithTags("Processes").RequirePermission(Permissions.ProcessesSignal).ProducesAccessProblems();
        signal.MapPost("/{pid:int}/signal", SignalAsync).WithName("SignalProcess").WithSummary("Signal a process")
            .WithDescription("By name or number, `TERM` by default. `start` binds it to the process that was seen: one that has its number since then gets nothing. With `tree` all that descends from it gets it too; "
                + "with `KILL` the whole tree is stopped first, so that none of it starts another. The agent itself, and the system's first process, are refused.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

        app.MapGroup("/api/v1/processes").WithTags("Processes").RequirePermission(Permissions.ProcessesRead).ProducesAccessProblems()
            .MapGet("/top", TopAsync).WithName("TopProcesses").WithSummary("See who uses most")
            .WithDescription("Over all devices that the selector matches and on which one may see processes: those that use most, by `cpu`, `memory` or `threads`. "
                + "Devices are asked at once, for half a minute at most; those that have not answered are named in `silent`.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
    }

    private static async Task<Results<Ok<ProcessListView>, ProblemHttpResult>> ListAsync(
        Actor actor, string idOrName, ProcessService processes, string? sort, bool? tree, string? filter, int? limit, CancellationToken cancellationToken)
    {
        var isReversed = sort?.StartsWith('-') == true;
        var by = QueryWord.Parse<ProcessSort>("sort", isReversed ? sort![1..] : sort);
        return by.IsError
            ? by.Error!.ToProblem()
            : (await processes.ListAsync(actor, idOrName, new ProcessQuery(by.Value ?? ProcessSort.Cpu, isReversed, tree ?? false, filter, limit), cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<ProcessDetailsView>, ProblemHttpResult>> LookAsync(
        Actor actor, string idOrName, int pid, ProcessService processes, long? start, CancellationToken cancellationToken) =>
        (await processes.LookAsync(actor, idOrName, pid, start, cancellationToken)).ToOk();

    private static async Task<Results<Ok<ProcessSignalled>, ProblemHttpResult>> SignalAsync(
        Actor actor, string idOrName, int pid, SignalProcess request, ProcessService processes, CancellationToken cancellationToken) =>
        (await processes.SignalAsync(actor, idOrName, pid, request, cancellationToken)).ToOk();

    private static async Task<Results<Ok<TopView>, ProblemHttpResult>> TopAsync(
        Actor actor, ProcessTop top, string? selector, string? by, int? limit, CancellationToken cancellationToken)
    {
        var sort = QueryWord.Parse<ProcessSort>("by", by);
        return sort.IsError ? sort.Error!.ToProblem() : (await top.AskAsync(actor, selector, sort.Value ?? ProcessSort.Cpu, limit, cancellationToken)).ToOk();
    }

    private static async Task<IResult> StreamAsync(
        HttpContext http, Actor actor, string idOrName, ProcessService processes, int? interval, CancellationToken cancellationToken)
    {
        var looking = await processes.WatchAsync(actor, idOrName, TimeSpan.FromMilliseconds(interval ?? ProcessLimits.DefaultInterval), cancellationToken);
        if (looking.IsError)
        {
            return looking.Error!.ToProblem();
        }

        using var look = looking.Value;
        using var stream = await EventStream.BeginAsync(http);
        try
        {
            var number = 0L;
            Error? told = null;
            var may = true;
            while (may)
            {
                // asked each time: who may no longer see them is not told more
                await stream.WaitAsync(async cancelled => may = await look.NextAsync(cancelled));
                if (!may)
                {
                    break;
                }

                if (await look.ChangesAsync(stream.Ended) is { } changes)
                {
                    stream.Write((++number).ToString(CultureInfo.InvariantCulture), "processes", JsonSerializer.SerializeToUtf8Bytes(changes, OperoneJson.Default.ProcessChanges));
                }

                var problem = (await look.ViewAsync(stream.Ended)).Problem;
                if (problem is not null && problem != told)
                {
                    stream.Write((++number).ToString(CultureInfo.InvariantCulture), "problem", JsonSerializer.SerializeToUtf8Bytes(
                        new ProblemView { Type = problem.Code, Title = problem.Title, Detail = problem.Detail }, OperoneJson.Default.ProblemView));
                }

                told = problem;
                await stream.FlushAsync();
            }
        }
        catch (OperationCanceledException) when (stream.Ended.IsCancellationRequested)
        {
            // the reader has gone, or the node stops
        }

        return Results.Empty;
    }
}
