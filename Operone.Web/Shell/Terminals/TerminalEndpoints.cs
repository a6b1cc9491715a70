using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Operone.Core;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Terminals;

/// <summary>Terminals over REST, and the WebSocket at which one sits.</summary>
internal static class TerminalEndpoints
{
    public static void MapTerminals(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/terminals").WithTags("Terminals").RequireSignedIn().ProducesAccessProblems()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        group.MapGet("/", List).WithName("ListTerminals").WithSummary("List terminals, newest first")
            .WithDescription("One's own, and others' on devices where the caller holds `terminals.join`.");
        group.MapPost("/", Create).WithName("CreateTerminal").WithSummary("Open a terminal on a device")
            .WithDescription("Needs `terminals.open` on the device, which must be connected. The terminal goes on by itself: attach to it with a WebSocket, "
                + "leave, and come back. What is not said is as the policies of terminals have it.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapGet("/{id:guid}", Get).WithName("GetTerminal").WithSummary("Get a terminal")
            .WithDescription("Where it stands, and who is in.");
        group.MapPatch("/{id:guid}", Update).WithName("UpdateTerminal").WithSummary("Name a terminal, or let guests type")
            .WithDescription("Its owner alone.");
        group.MapPost("/{id:guid}/end", End).WithName("EndTerminal").WithSummary("End a terminal")
            .WithDescription("With everything that runs in it. Its owner, or who holds `terminals.manage` on the device.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPatch("/{id:guid}/people/{attachment:guid}", Allow).WithName("UpdateTerminalViewer").WithSummary("Let somebody in a terminal type, or not")
            .WithDescription("The terminal's owner alone.");
        group.MapMethods("/{id:guid}/attach", [HttpMethods.Get, HttpMethods.Connect], Attach).WithName("AttachTerminal").WithSummary("Sit down at a terminal (WebSocket)")
            .WithDescription("Binary messages are what is typed and what is printed. Text messages are TerminalControl in JSON: the server begins with "
                + "`attached`; the client sends `size` and, where it gave a `window`, `ack`. The owner types; others with `terminals.join` watch, or type "
                + "where the owner lets them. Give `offset` to go on where a lost connection stood.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<TerminalView>>, ProblemHttpResult>> List(
        Actor actor, TerminalReader reader,
        [Description("Only those that have ended, or only those that have not.")] bool? ended,
        [Description("A device's id or name.")] string? device,
        [Description("Text in title, command, owner or device.")] string? q,
        [Description("How many, 1 to 500.")] int? limit,
        [Description("The `nextCursor` of the page before.")] string? cursor, CancellationToken cancellationToken) =>
        (await reader.ListAsync(actor, new(ended, device, q, limit ?? 50, cursor), cancellationToken)).ToOk();

    private static async Task<Results<Created<TerminalView>, ProblemHttpResult>> Create(
        Actor actor, TerminalService terminals, CreateTerminal request, CancellationToken cancellationToken)
    {
        var created = await terminals.CreateAsync(actor, request, cancellationToken);
        return created.IsError ? created.Error!.ToProblem() : TypedResults.Created($"/api/v1/terminals/{created.Value.Id}", created.Value);
    }

    private static async Task<Results<Ok<TerminalView>, ProblemHttpResult>> Get(Actor actor, Guid id, TerminalReader reader, CancellationToken cancellationToken) =>
        (await reader.GetAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<TerminalView>, ProblemHttpResult>> Update(
        Actor actor, Guid id, TerminalService terminals, UpdateTerminal request, CancellationToken cancellationToken) =>
        (await terminals.UpdateAsync(actor, id, request, cancellationToken)).ToOk();

    private static async Task<Results<Ok<TerminalView>, ProblemHttpResult>> End(
        Actor actor, Guid id, TerminalService terminals, CancellationToken cancellationToken) =>
        (await terminals.EndAsync(actor, id, cancellationToken)).ToOk();

    private static async Task<Results<Ok<TerminalView>, ProblemHttpResult>> Allow(
        Actor actor, Guid id, Guid attachment, TerminalService terminals, UpdateTerminalViewer request, CancellationToken cancellationToken) =>
        (await terminals.AllowAsync(actor, id, attachment, request.MayType, cancellationToken)).ToOk();

    private static async Task<Results<EmptyHttpResult, ProblemHttpResult>> Attach(
        HttpContext http, Actor actor, Guid id, TerminalDoor door, TerminalReader reader, IHostApplicationLifetime lifetime,
        [Description("The window's width, 1 to 1000.")] int? columns,
        [Description("The window's height, 1 to 1000.")] int? rows,
        [Description("How many bytes may be under way without an `ack`; without it there is no bound but the connection's.")] int? window,
        [Description("The offset up to which everything was seen; without it the screen begins afresh.")] long? offset,
        CancellationToken cancellationToken)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            return ((await reader.GetAsync(actor, id, cancellationToken)).Error ?? ChannelErrors.WebSocketNeeded).ToProblem();
        }

        var opened = await door.OpenAsync(actor, id, new(columns, rows, window, offset), cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!.ToProblem();
        }

        using var attachment = opened.Value;
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        // A node that stops lets go of everybody: the terminals go on, and whoever sat there comes back by themselves.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        await door.CarryAsync(attachment, socket, stop.Token);
        return TypedResults.Empty;
    }
}
