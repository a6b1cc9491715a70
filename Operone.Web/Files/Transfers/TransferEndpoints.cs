using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Transfers;

/// <summary>Transfers over REST.</summary>
internal static class TransferEndpoints
{
    /// <summary>Where they are.</summary>
    public const string Prefix = "/api/v1/transfers";

    public static void MapTransfers(this IEndpointRouteBuilder routes)
    {
        // who may what depends on the places: the service asks
        var group = routes.MapGroup(Prefix).WithTags("Files").RequireSignedIn().ProducesAccessProblems().ProducesProblem(StatusCodes.Status400BadRequest);
        group.MapGet("/", ListAsync).WithName("ListTransfers").WithSummary("List transfers")
            .WithDescription("One's own, the newest first; with `mounts.manage` on everything those of all. Transfers that are over are kept for 30 days.");
        group.MapGet("/{id:guid}", GetAsync).WithName("GetTransfer").WithSummary("Look at a transfer")
            .WithDescription("How far it is, how fast it goes, and why it waits or has failed.").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapGet("/{id:guid}/items", ItemsAsync).WithName("ListTransferItems").WithSummary("List what a transfer brings")
            .WithDescription("The plan, and what became of each file, folder and link.").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPost("/", CreateAsync).WithName("CreateTransfer").WithSummary("Copy or move between places of the tree")
            .WithDescription("Devices and mounts alike. The bytes go through the control plane and are not stored there. It goes on after any break of either device or "
                + "of the control plane; each file is in its place only when it is whole and its SHA-256 right. A plan is made first; where files are there "
                + "already and `conflict` is `ask`, or with `isPaused`, it is `paused` then, until `resume`. The same again brings only what is missing or differs in size or time. "
                + "Needs `files.read` at the sources, `files.write` at the target, and for a move both at the sources.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status429TooManyRequests);
        group.MapPost("/{id:guid}/pause", PauseAsync).WithName("PauseTransfer").WithSummary("Pause a transfer")
            .WithDescription("What was on its way goes on where it stands, within a day.").ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/{id:guid}/resume", ResumeAsync).WithName("ResumeTransfer").WithSummary("Go on with a transfer")
            .WithDescription("With `conflict` what becomes of files that are there already; with `retryFailed` what has failed is tried again, also where the transfer is over.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/{id:guid}/cancel", CancelAsync).WithName("CancelTransfer").WithSummary("End a transfer")
            .WithDescription("What was brought stays.").ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    /// <summary>One that was asked for, as an answer.</summary>
    public static Results<Accepted<TransferView>, ProblemHttpResult> ToAccepted(this Core.Errors.Result<TransferView> made) =>
        made.IsError ? made.Error!.ToProblem() : TypedResults.Accepted($"{Prefix}/{made.Value.Id}", made.Value);

    private static async Task<Results<Ok<Page<TransferView>>, ProblemHttpResult>> ListAsync(
        Actor actor, TransferService transfers,
        [Description("In this state alone: planning, paused, running, completed, failed or cancelled.")] string? status, int? limit, string? cursor,
        CancellationToken cancellationToken)
    {
        var word = QueryWord.Parse<TransferStatus>("status", status);
        return word.IsError ? word.Error!.ToProblem() : (await transfers.ListAsync(actor, word.Value, limit, cursor, cancellationToken)).ToOk();
    }

    private static async Task<Results<Ok<TransferView>, ProblemHttpResult>> GetAsync(Actor actor, Guid id, TransferService transfers, CancellationToken cancellationToken) =>
        (await transfers.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<Page<TransferItemView>>, ProblemHttpResult>> ItemsAsync(
        Actor actor, Guid id, TransferService transfers,
        [Description("Of this outcome alone: pending, done, same, skipped or failed.")] string? outcome,
        [Description("Those alone that have, or have not, another one in their place.")] bool? isConflict,
        [Description("How many, 1 to 1000; 200 by default.")] int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var word = QueryWord.Parse<TransferOutcome>("outcome", outcome);
        return word.IsError ? word.Error!.ToProblem() : (await transfers.ItemsAsync(actor, id, word.Value, isConflict, limit, cursor, cancellationToken)).ToOk();
    }

    private static async Task<Results<Accepted<TransferView>, ProblemHttpResult>> CreateAsync(
        Actor actor, CreateTransfer request, TransferService transfers, CancellationToken cancellationToken) =>
        (await transfers.CreateAsync(actor, request, cancellationToken)).ToAccepted();

    private static async Task<Results<Ok<TransferView>, ProblemHttpResult>> PauseAsync(Actor actor, Guid id, TransferService transfers, CancellationToken cancellationToken) =>
        (await transfers.PauseAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<TransferView>, ProblemHttpResult>> ResumeAsync(
        Actor actor, Guid id, ResumeTransfer? request, TransferService transfers, CancellationToken cancellationToken) =>
        (await transfers.ResumeAsync(actor, id, request ?? new(), cancellationToken)).ToOk();

    private static async Task<Results<Ok<TransferView>, ProblemHttpResult>> CancelAsync(Actor actor, Guid id, TransferService transfers, CancellationToken cancellationToken) =>
        (await transfers.CancelAsync(actor, id, cancellationToken)).ToOk();
}
