using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>Once a minute: notes of all who are connected to this node that they were seen, a thousand in one statement.</summary>
internal sealed partial class PresenceUpkeep(
    DeviceDirectory directory, IDbContextFactory<OperoneDb> databases, TimeProvider time, ILogger<PresenceUpkeep> logger) : BackgroundService
{
    /// <summary>How often it does.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private const int BatchSize = 1000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await NoteAsync(stoppingToken);
            }
            catch (Exception exception) when (Hosting.Problems.IsDatabaseAway(exception))
            {
                Log.SeenLater(logger, exception.Message);
            }
        }
    }

    private async Task NoteAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var ids in directory.Here.Select(d => d.Key).Chunk(BatchSize))
        {
            await db.Set<Device>().Where(d => ids.Contains(d.Id))
                .ExecuteUpdateAsync(set => set.SetProperty(d => d.LastSeenAt, now), cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "When devices were last seen is stored later: {Reason}")]
        public static partial void SeenLater(ILogger logger, string reason);
    }
}
