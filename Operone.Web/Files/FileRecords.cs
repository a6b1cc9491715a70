using System.Globalization;
using Operone.Core.Events;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Files.Transfers;

namespace Operone.Web.Files;

/// <summary>The audit entries and events of files.</summary>
internal sealed class FileRecords(IAuditTrail audit, IEvents events, NoteThrottle throttle)
{
    /// <summary>Somebody reads a file. One that is read range after range (a video, a window of a log) is noted once a minute.</summary>
    public async ValueTask ReadAsync(Actor actor, FilePlace place, long offset, long? length, CancellationToken cancellationToken)
    {
        if ((offset == 0 && length is null) || throttle.Passes($"{actor.Name} reads {place}", out _))
        {
            var what = offset == 0 && length is null ? null : string.Create(CultureInfo.InvariantCulture, $"from byte {offset}");
            await audit.NoteAsync(actor, "file.read", place.ToString(), allowed: true, what, place.Grant, cancellationToken);
        }
    }

    /// <summary>Somebody searches.</summary>
    public ValueTask SearchedAsync(Actor actor, FilePlace place, string what, CancellationToken cancellationToken) =>
        audit.NoteAsync(actor, "file.search", place.ToString(), allowed: true, what, place.Grant, cancellationToken);

    /// <summary>Somebody asks for what policy, or the device, does not let be had. The same again is noted once a minute.</summary>
    public async ValueTask RefusedAsync(Actor actor, string action, string place, string why, CancellationToken cancellationToken)
    {
        if (throttle.Passes($"{actor.Name} {action} {place} refused", out _))
        {
            await audit.NoteAsync(actor, action, place, allowed: false, why, cancellationToken);
        }
    }

    /// <summary>Somebody has written a file.</summary>
    public async ValueTask WrittenAsync(Actor actor, FilePlace place, long bytes, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, "file.write", place.ToString(), allowed: true, string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"), place.Grant, cancellationToken);
        await PublishAsync(EventTypes.FileWritten, actor, place, cancellationToken);
    }

    /// <summary>Somebody has changed something else.</summary>
    public async ValueTask ChangedAsync(Actor actor, FilePlace place, string action, string? detail, CancellationToken cancellationToken)
    {
        await audit.NoteAsync(actor, action, place.ToString(), allowed: true, detail, place.Grant, cancellationToken);
        await PublishAsync(action == "file.remove" ? EventTypes.FileRemoved : EventTypes.FileChanged, actor, place, cancellationToken);
    }

    /// <summary>A transfer was asked for, or is over. What became of each file is kept with it.</summary>
    public async ValueTask TransferredAsync(Actor actor, Transfer transfer, string? detail, CancellationToken cancellationToken)
    {
        var isOver = transfer.Status is TransferStatus.Completed or TransferStatus.Failed or TransferStatus.Cancelled;
        var what = $"{transfer.Kind.ToString().ToLowerInvariant()} {string.Join(", ", transfer.From.Take(3))}{(transfer.From.Count > 3 ? $" and {transfer.From.Count - 3} more" : "")} to {transfer.To}";
        await audit.NoteAsync(actor, isOver ? "transfer.end" : "transfer.create", transfer.Id.ToString(), allowed: true,
            isOver ? $"{transfer.Status.ToString().ToLowerInvariant()}: {what}{(detail is null ? "" : $"; {detail}")}" : what, cancellationToken);
    }

    /// <summary>What tells of a transfer, in the transaction that stores it.</summary>
    public static OperoneEvent Event(string type, string actor, Transfer transfer) => new(type, transfer.Id.ToString(), Actor: actor);

    private ValueTask PublishAsync(string type, Actor actor, FilePlace place, CancellationToken cancellationToken) =>
        events.PublishAsync(new(type, place.ToString(), place.DeviceId, Actor: actor.Name), cancellationToken);
}
