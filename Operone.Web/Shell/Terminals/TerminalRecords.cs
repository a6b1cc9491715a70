using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Events;

namespace Operone.Web.Shell.Terminals;

/// <summary>The audit entries and events of terminals.</summary>
internal sealed class TerminalRecords(IAuditTrail audit, IEvents events, LiveChanges changes)
{
    public ValueTask DeniedAsync(Actor actor, string action, string? target, Error error, CancellationToken cancellationToken) =>
        audit.NoteAsync(actor, action, target, false, error.Detail, cancellationToken);

    public async ValueTask OpenedAsync(Actor actor, Terminal terminal, Guid? grant, CancellationToken cancellationToken)
    {
        var detail = $"{terminal.Command} on {terminal.DeviceName}{(terminal.User is { } user ? $" as {user}" : "")}, recording {terminal.Record.ToString().ToUpperInvariant()}";
        await audit.NoteAsync(actor, "terminal.open", terminal.Id.ToString(), true, detail, grant, cancellationToken);
        changes.Signal(LiveChanges.Terminals);
    }

    public async ValueTask EndedAsync(Actor actor, Terminal terminal, CancellationToken cancellationToken) =>
        await audit.NoteAsync(actor, "terminal.end", terminal.Id.ToString(), true, $"{terminal.Command} of {terminal.OwnerName} on {terminal.DeviceName}", cancellationToken);

    public async ValueTask ChangedAsync(Actor actor, Terminal terminal, string what, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, "terminal.change", terminal.Id.ToString(), true, what, cancellationToken);
        changes.Signal(LiveChanges.Terminals);
    }

    /// <summary>Somebody comes: back to their own, or to somebody else's.</summary>
    public async ValueTask JoinedAsync(TerminalAttachment attachment, Terminal terminal, CancellationToken cancellationToken)
    {
        var how = attachment.IsOwner ? "back at their own" : $"joined that of {terminal.OwnerName} to {(attachment.MayType ? "type" : "watch")}";
        await audit.NoteAsync(attachment.Actor, attachment.IsOwner ? "terminal.attach" : "terminal.join", terminal.Id.ToString(), true, $"{how} on {terminal.DeviceName}", cancellationToken);
        if (!attachment.IsOwner)
        {
            // who is at a terminal is in no row
            await events.PublishAsync(Event(EventTypes.TerminalJoined, attachment.Actor, terminal), cancellationToken);
        }

        changes.Signal(LiveChanges.Terminals);
    }

    public async ValueTask LeftAsync(TerminalAttachment attachment, Terminal terminal, string why)
    {
        await audit.NoteAsync(attachment.Actor, "terminal.leave", terminal.Id.ToString(), true, $"{terminal.DeviceName}: {(why.Length > 0 ? why : "left")}");
        changes.Signal(LiveChanges.Terminals);
    }

    /// <summary>What tells of a terminal.</summary>
    public static OperoneEvent Event(string type, Actor actor, Terminal terminal) => new(type, terminal.Id.ToString(), terminal.DeviceId, Actor: actor.Name,
        Data: new Dictionary<string, string?> { ["device"] = terminal.DeviceName, ["command"] = terminal.Command, ["owner"] = terminal.OwnerName });
}
