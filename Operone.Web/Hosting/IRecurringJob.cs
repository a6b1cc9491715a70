namespace Operone.Web.Hosting;

/// <summary>Upkeep that a room wants done again and again, by one node at a time.</summary>
internal interface IRecurringJob
{
    /// <summary>Its name, unique among them.</summary>
    string Name { get; }

    /// <summary>When, as cron text in UTC.</summary>
    string Cron { get; }

    /// <summary>Does it once. Doing it twice must do no harm.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
