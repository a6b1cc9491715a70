using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Channels;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Data;
using Operone.Web.Events;
using Operone.Web.Hosting;
using Operone.Web.Shell.Streams;

namespace Operone.Web.Shell.Pipelines;

/// <summary>A pipeline whose stages are to be joined.</summary>
/// <param name="Actor">Who made it.</param>
/// <param name="RunId">Its run.</param>
/// <param name="Stages">Its executions in order.</param>
internal sealed record PipelineJob(Actor Actor, Guid RunId, IReadOnlyList<Execution> Stages);

/// <summary>
/// Joins the stages of pipelines as long as they run, and ends a pipeline of which a stage has failed or a join has broken.
/// When the node stops the joins break, and the stages end on their devices, which say why.
/// </summary>
internal sealed partial class PipelineJoiner(
    IDbContextFactory<OperoneDb> databases, StreamService streams, ExecutionWriter writer, ExecutionDispatch dispatch, LiveChanges changes, TimeProvider time,
    ILogger<PipelineJoiner> logger)
    : BackgroundService
{
    /// <summary>A command that a reader which stopped reading has ended: 128 and SIGPIPE. The others go on.</summary>
    private const int BrokenPipe = 141;

    private readonly Channel<PipelineJob> _new = Channel.CreateUnbounded<PipelineJob>();
    private readonly ConcurrentDictionary<Guid, Task> _running = new();

    /// <summary>Joins the stages of one that has been sent to its devices.</summary>
    public void Add(PipelineJob job) => _new.Writer.TryWrite(job);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var job in _new.Reader.ReadAllAsync(stoppingToken))
            {
                var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _running[job.RunId] = RunAsync(job, begin.Task, stoppingToken);
                begin.SetResult();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the node stops
        }

        await Task.WhenAll(_running.Values);
    }

    private async Task RunAsync(PipelineJob job, Task begin, CancellationToken stoppingToken)
    {
        await begin;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        try
        {
            var links = Enumerable.Range(0, job.Stages.Count - 1).Select(i => LinkAsync(job, i, over.Token)).ToArray();
            await WatchAsync(job, links, stoppingToken);
            await over.CancelAsync();
            await Task.WhenAll(links);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the node stops: the joins break with it
        }
#pragma warning disable CA1031 // one pipeline that fails in a way nobody foresaw must not end the others; it is logged whole
        catch (Exception bug)
#pragma warning restore CA1031
        {
            Log.Broke(logger, bug, job.RunId);
        }
        finally
        {
            _running.TryRemove(job.RunId, out _);
        }
    }

    /// <summary>Gives whether everything went through in order.</summary>
    private async Task<bool> LinkAsync(PipelineJob job, int from, CancellationToken cancellationToken)
    {
        try
        {
            var (source, sink) = (job.Stages[from], job.Stages[from + 1]);
            var input = streams.OpenAsync(job.Actor, sink, ChannelPurposes.Stdin, StreamControls.Stdin, cancellationToken);
            var output = streams.OpenAsync(job.Actor, source, ChannelPurposes.Stdout, StreamControls.Stdout, cancellationToken);
            var (to, what) = (await input, await output);
            using var reading = what.IsError ? null : what.Value;
            using var writing = to.IsError ? null : to.Value;
            if (reading is null || (writing is null && to.Error!.Code != ChannelErrors.EndedCode))
            {
                var why = (to.Error ?? what.Error)!.Detail;
                Log.NotJoined(logger, job.RunId, from, why);

                // its host waits for somebody, and would only be cancelled, which this is not; one that has ended, or is being
                // cancelled by somebody, says itself how
                if (what.Error?.Code != ChannelErrors.EndedCode && !await IsCancelledAsync(job.RunId, source.Id, cancellationToken))
                {
                    await writer.EndAsync([source.Id], [ExecutionStatus.Queued, ExecutionStatus.Starting, ExecutionStatus.Running], ExecutionStatus.Failed,
                        $"Its output could not be joined to the next stage: {why}", cancellationToken);
                }

                return false;
            }

            return await new StreamLink(reading, writing).RunAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Follows the stages until all have ended; ends the others where one fails or a join breaks.</summary>
    private async Task WatchAsync(PipelineJob job, Task<bool>[] links, CancellationToken cancellationToken)
    {
        using var subscription = changes.Subscribe(LiveChanges.Run(job.RunId));
        var open = links.ToList();
        var isEnding = false;
        while (true)
        {
            var stages = await ReadAsync(job.RunId, cancellationToken);
            if (stages.TrueForAll(e => e.EndedAt is not null))
            {
                return;
            }

            foreach (var link in open.Where(l => l.IsCompleted).ToArray())
            {
                open.Remove(link);
                isEnding |= !await link;
            }

            if (isEnding || stages.Exists(e => e.EndedAt is not null && e.Status != ExecutionStatus.Succeeded && e.ExitCode != BrokenPipe))
            {
                isEnding = true;
                await EndAsync(stages.Where(e => e.EndedAt is null), cancellationToken);
            }

            using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var news = WaitAsync(subscription, waited.Token);
            await Task.WhenAny([news, .. open]);
            await waited.CancelAsync();
            await news;
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task WaitAsync(LiveChanges.Subscription subscription, CancellationToken cancellationToken)
    {
        try
        {
            // looked at again now and then, whatever comes of the news
            await subscription.WaitAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10), time, cancellationToken);
        }
        catch (Exception done) when (done is OperationCanceledException or TimeoutException)
        {
            // a join has come to its end, or it is time to look
        }
    }

    private Task<List<Execution>> ReadAsync(Guid runId, CancellationToken cancellationToken) =>
        AskAsync(db => db.Set<Execution>().AsNoTracking().Where(e => e.RunId == runId).OrderBy(e => e.Stage).ToListAsync(cancellationToken), cancellationToken);

    private Task<bool> IsCancelledAsync(Guid runId, Guid executionId, CancellationToken cancellationToken) =>
        AskAsync(async db => await db.Set<Run>().AnyAsync(r => r.Id == runId && r.CancelledAt != null, cancellationToken)
            || await db.Set<Execution>().AnyAsync(e => e.Id == executionId && e.CancelledAt != null, cancellationToken), cancellationToken);

    /// <summary>Asks the database, as often as it takes where it is away.</summary>
    private async Task<T> AskAsync<T>(Func<OperoneDb, Task<T>> question, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await using var db = await databases.CreateDbContextAsync(cancellationToken);
                return await question(db);
            }
            catch (Exception problem) when (Problems.IsDatabaseAway(problem))
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            }
        }
    }

    private async Task EndAsync(IEnumerable<Execution> executions, CancellationToken cancellationToken)
    {
        var rest = executions.Where(e => e.CancelledAt is null).ToArray();
        if (rest.Length == 0)
        {
            return;
        }

        // a device that is away just now is told when it is back
        var (ids, now) = (rest.Select(e => e.Id).ToArray(), time.GetUtcNow());
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<Execution>().Where(e => EF.Parameter(ids).Contains(e.Id) && e.CancelledAt == null).ExecuteUpdateAsync(
            e => e.SetProperty(x => x.CancelledAt, now), cancellationToken);
        await dispatch.CancelAsync(rest.Select(e => (e.DeviceId, e.Id)), cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The stage {Stage} of the pipeline {Run} could not be joined to the next one: {Problem}")]
        public static partial void NotJoined(ILogger logger, Guid run, int stage, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "The pipeline {Run} broke")]
        public static partial void Broke(ILogger logger, Exception exception, Guid run);
    }
}
