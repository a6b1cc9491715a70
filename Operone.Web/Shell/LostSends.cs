using Operone.Web.Hosting;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Shell;

/// <summary>
/// Where there are several nodes, a word to a device of another node goes through Redis, which forgets what nobody takes at that moment. So each
/// node looks every few seconds whether a device that is connected to it should have begun or ended something by now, and tells it again.
/// A device that was told twice does it once.
/// </summary>
internal sealed partial class LostSends(Reconciler reconciler, INodeBus nodes, TimeProvider time, ILogger<LostSends> logger) : BackgroundService
{
    /// <summary>How often it is looked.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(3);

    /// <summary>How long a device may take before it is told again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (nodes.IsAlone)
        {
            return;
        }

        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await reconciler.TellAgainAsync(time.GetUtcNow() - Patience, stoppingToken);
                }
                catch (Exception e) when (Problems.IsDatabaseAway(e))
                {
                    Log.DatabaseAway(logger, e.GetBaseException().Message);
                }
                catch (InvalidOperationException e)
                {
                    // one that cannot be started, as where the key to its environment is lost, is no reason for the node to stop
                    Log.NotTold(logger, e);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "What may not have reached its device is looked for again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "What may not have reached its device could not be told again")]
        public static partial void NotTold(ILogger logger, Exception exception);
    }
}
