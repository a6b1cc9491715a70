namespace Operone.Web.Events.Subscribers;

/// <summary>
/// Who acts on events: each at least once, those about one thing in their order. Its place in the log is kept in the database, so that it
/// goes on there after a restart, or on another node; one node at a time runs it. Register it as a singleton of this type.
/// </summary>
internal interface IEventSubscriber
{
    /// <summary>Its name, unique among them and always the same: its place is kept by it. At most 100 characters.</summary>
    string Name { get; }

    /// <summary>Whether it acts on this one. Be quick, and ask nobody.</summary>
    bool Wants(EventEntry happened);

    /// <summary>
    /// Acts on events that it wants, in their order. Its place moves on when this returns; where it throws, and where the node dies
    /// meanwhile, the same come again: doing them twice must do no harm.
    /// </summary>
    Task HandleAsync(IReadOnlyList<EventEntry> events, CancellationToken cancellationToken);

    /// <summary>What else it does, for as long as this node runs it. It may return early; what it throws is logged, and it is begun anew.</summary>
    Task RunAsync(CancellationToken whileHere) => Task.CompletedTask;
}
