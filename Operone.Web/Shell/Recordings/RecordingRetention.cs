using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Recordings;

/// <summary>Each night: removes recordings whose terminals ended more than <see cref="ShellOptions.RecordingDays"/> ago.</summary>
internal sealed partial class RecordingRetention(
    IDbContextFactory<OperoneDb> databases, RecordingRemoval removal, IOptions<ShellOptions> options, TimeProvider time, ILogger<RecordingRetention> logger) : IRecurringJob
{
    private const int Batch = 100;

    public string Name => "recording-retention";

    public string Cron => "41 3 * * *";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var days = options.Value.RecordingDays;
        if (days == 0)
        {
            return;
        }

        var before = time.GetUtcNow().AddDays(-days);
        var removed = 0;
        while (true)
        {
            List<RecordedTerminal> old;
            await using (var db = await databases.CreateDbContextAsync(cancellationToken))
            {
                old = await RecordingReader.All(db).Where(r => r.Execution.EndedAt < before).OrderBy(r => r.Terminal.Id).Take(Batch).ToListAsync(cancellationToken);
            }

            foreach (var recording in old)
            {
                removed += await removal.RemoveAsync(Actor.System, recording.Terminal, $"older than {days} days", null, cancellationToken) ? 1 : 0;
            }

            if (old.Count < Batch)
            {
                break;
            }
        }

        if (removed > 0)
        {
            Log.Removed(logger, removed, days);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} recordings are older than {Days} days and were removed")]
        public static partial void Removed(ILogger logger, int count, int days);
    }
}
