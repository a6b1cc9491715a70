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
            Subject = Cut(happened.Subject),
            DeviceId = happened.DeviceId,
            RunId = happened.RunId,
            Actor = Cut(happened.Actor),
            Data = happened.Data,
        };
    }

    // The longest that PostgreSQL takes; half a character is none.
    private static string? Cut(string? text) =>
        text is not { Length: > EventEntry.MaxText } ? text : text[..(char.IsHighSurrogate(text[EventEntry.MaxText - 2]) ? EventEntry.MaxText - 2 : EventEntry.MaxText - 1)] + "…";
}
