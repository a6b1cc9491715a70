using Operone.Core;
using Operone.Core.Events;
using Operone.Web.Data;

namespace Operone.Web.Events;

/// <summary>How events of changes are stored, and what is done once they are.</summary>
internal sealed class Outbox(EventIds ids, EventSequencer sequencer) : IOutbox
{
    /// <inheritdoc/>
    public IWrittenLast ToRow(OperoneEvent happened) => ids.ToEntry(happened);

    /// <inheritdoc/>
    public void Committed() => sequencer.Wake();
}

/// <summary>Gives this node's events their ids and times.</summary>
internal sealed class EventIds(TimeProvider time)
{
    private readonly OrderedIds _ids = new();

    /// <summary>The row of an event that happens now.</summary>
    public EventEntry ToEntry(OperoneEvent happened)
    {
        var now = time.GetUtcNow();
        return new()
        {
            Id = _ids.Next(now),
            At = now,
            Type = happened.Type,
            Subject = ShortText.Shorten(happened.Subject, EventEntry.MaxText),
            DeviceId = happened.DeviceId,
            RunId = happened.RunId,
            Actor = ShortText.Shorten(happened.Actor, EventEntry.MaxText),
            Data = happened.Data,
        };
    }
}
