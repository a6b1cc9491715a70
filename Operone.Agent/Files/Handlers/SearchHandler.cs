using System.Threading.Channels;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Disk;
using Operone.Disk.Search;

namespace Operone.Agent.Files.Handlers;

/// <summary>
/// Looks for names and text, in a thread of its own that waits for everybody else. Where nobody takes what it finds, it waits; where nobody wants it any more, it ends.
/// </summary>
internal sealed class SearchHandler(IDisk disk, Func<TextPattern, IFileSieve?> sieve, TimeProvider time) : IFileHandler
{
    /// <summary>How many matches may wait to be sent.</summary>
    private const int MaxWaiting = 256;

    /// <summary>When a reply is sent. The longest match has a path of 12 KiB, percent-encoded.</summary>
    private const int FullBytes = 24 * 1024;

    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private int _running;

    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Search];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var query = task.Call.Query ?? throw new FileFault(FileProblems.Failed, "The call does not say what to look for.");
        var errors = new Core.Errors.FieldErrors();
        FileQueryLimits.Check(query, errors);
        if (errors.ToError() is { } wrong)
        {
            throw new FileFault(FileProblems.Failed, wrong.Detail);
        }

        if (Interlocked.Increment(ref _running) > FileQueryLimits.AtOnce)
        {
            Interlocked.Decrement(ref _running);
            throw new FileFault(FileProblems.Busy, $"The device does {FileQueryLimits.AtOnce} searches at once, and has as many. Try again when one has ended.");
        }

        try
        {
            await SearchAsync(task, query);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private async Task SearchAsync(FileTask task, FileQuery query)
    {
        var news = Channel.CreateBounded<News>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(task.Cancel);
        var ended = new TaskCompletionSource<FileSearched>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Work(task.Place, query, news.Writer, ended, stop.Token)) { IsBackground = true, Name = "search" };
        thread.Start();
        try
        {
            await SendAsync(task, news.Reader);
        }
        catch
        {
            await stop.CancelAsync();
            await ended.Task.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
            throw;
        }

        await task.ReplyAsync(new FileReply { IsLast = true, Searched = await ended.Task });
    }

    private void Work(FilePlace place, FileQuery query, ChannelWriter<News> news, TaskCompletionSource<FileSearched> ended, CancellationToken cancel)
    {
        try
        {
            disk.BeModest();
            var pattern = string.IsNullOrEmpty(query.Text) ? null : TextPattern.Make(query).Value;
            using var search = new FileSearch(query, pattern, pattern is null ? null : sieve(pattern), match => Write(new(match, null)), cancel);
            using var walk = disk.Search(place, search.How);
            var said = time.GetTimestamp();
            search.Run(walk, () =>
            {
                if (time.GetElapsedTime(said) >= _interval)
                {
                    Write(new(null, search.Now with { Problems = [] }));
                    said = time.GetTimestamp();
                }
            });
            ended.SetResult(search.Now);
            news.Complete();
        }
#pragma warning disable CA1031 // it is thrown where the call is answered
        catch (Exception problem)
#pragma warning restore CA1031
        {
            ended.SetException(problem);
            news.Complete();
        }

        void Write(News one)
        {
            if (!news.TryWrite(one))
            {
                // back-pressure: whoever reads is slower than the disk
                news.WriteAsync(one, cancel).AsTask().GetAwaiter().GetResult();
            }
        }
    }

    /// <summary>Sends what is found as it is found; what waits together goes together.</summary>
    private static async Task SendAsync(FileTask task, ChannelReader<News> news)
    {
        var found = new List<FileMatch>();
        while (await news.WaitToReadAsync(task.Cancel))
        {
            var (bytes, progress) = (0, (FileSearched?)null);
            while (bytes < FullBytes && news.TryRead(out var one))
            {
                progress = one.Progress ?? progress;
                if (one.Match is { } match)
                {
                    found.Add(match);
                    bytes += 256 + match.Path.Length + (6 * (match.Text?.Length ?? 0));
                }
            }

            await task.ReplyAsync(new FileReply { Found = found, Searched = progress });
            found.Clear();
        }
    }

    private readonly record struct News(FileMatch? Match, FileSearched? Progress);
}
