using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>Something outside that is given the audit trail.</summary>
internal interface IAuditSink
{
    /// <summary>Under which name it is remembered how far it is.</summary>
    string Name { get; }

    /// <summary>How long one sending may take before it counts as failed.</summary>
    TimeSpan Patience { get; }

    /// <summary>
    /// Gives it entries, in their order. Returns when they are there for all that can be known; throws where they may not be.
    /// The same ones may come again.
    /// </summary>
    Task SendAsync(IReadOnlyList<AuditEntryView> entries, CancellationToken cancellationToken);
}
