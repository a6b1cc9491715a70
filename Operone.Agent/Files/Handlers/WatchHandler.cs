using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>
/// Tells of changes in a folder. The first reply has no entries, and says that from now on none is missed; another one like it, that some were.
/// </summary>
internal sealed class WatchHandler(IDisk disk, TimeProvider time) : IFileHandler
{
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Watch];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        using var watch = disk.Watch(task.Place);
        await task.ReplyAsync(new FileReply { Entries = [] });
        using var sender = new EntrySender(task);
        using var timer = new PeriodicTimer(_interval, time);
        while (await timer.WaitForNextTickAsync(task.Cancel))
        {
            var news = watch.Poll();
            if (news.Entries is { } entries)
            {
                foreach (var entry in entries)
                {
                    await sender.AddAsync(entry);
                }

                await sender.FlushAsync();
            }

            if (news.Entries is [])
            {
                await task.ReplyAsync(new FileReply { Entries = [] });
            }

            if (news.IsGone)
            {
                throw new FileFault(FileProblems.NotFound, $"The folder '{task.Place}' is gone.");
            }

            if (task.Channel.Next is { IsCompleted: true })
            {
                // another call: it is the next one's turn
                await task.ReplyAsync(new FileReply { IsLast = true });
                return;
            }
        }
    }
}
