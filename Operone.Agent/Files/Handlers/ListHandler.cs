using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Lists a folder, page by page.</summary>
internal sealed class ListHandler(IDisk disk, TimeProvider time) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.List];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var call = task.Call;
        using var folder = disk.OpenFolder(task.Place);
        var listing = task.Channel.Listing.Get(folder, task.Place, call.Sort, time, task.Cancel);
        var after = call.After is null ? null
            : FileName.FromSegment(call.After) ?? throw new FileFault(FileProblems.BadName, $"'{call.After}' is no name to go on behind.");
        var from = listing.Behind(after)
            ?? throw new FileFault(FileProblems.Changed, $"'{FileName.Display(after!)}' is gone from '{task.Place}', and nobody knows where it stood: list it from the beginning.");
        from = listing.Past(from, (int)Math.Clamp(call.Offset ?? 0, 0, int.MaxValue), call.Filter);
        using var sender = new EntrySender(task);
        var most = call.Length ?? long.MaxValue;
        for (var i = from; i < listing.Count && sender.Total < most; i++)
        {
            task.Cancel.ThrowIfCancellationRequested();
            if (listing.Fits(i, call.Filter) && folder.Entry(listing.Name(i).ToString()) is { } entry)
            {
                var full = call.Attributes is { Count: > 0 } wanted ? disk.WithAttributes(task.Place.Child(entry.Name), entry, wanted.Keys) : entry;
                if (full.Attributes is not null)
                {
                    // it may be as long as a message alone
                    await sender.FlushAsync();
                }

                await sender.AddAsync(full);
            }
        }

        await sender.EndAsync(listing.CountOf(call.Filter));
    }
}
