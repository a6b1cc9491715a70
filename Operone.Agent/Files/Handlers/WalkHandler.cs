using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Tells all that is below a folder. Folders that cannot be read are left out, and said in the last reply.</summary>
internal sealed class WalkHandler(IDisk disk) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Walk];

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        var (problems, first) = (0, (FileProblem?)null);
        using var sender = new EntrySender(task);
        foreach (var entry in disk.Walk(task.Place, Note))
        {
            task.Cancel.ThrowIfCancellationRequested();
            await sender.AddAsync(entry);
        }

        var problem = first is { } one && problems > 1 ? one with { Detail = $"{one.Detail} So it was with {problems - 1} more." } : first;
        await sender.EndAsync(sender.Total, problem);

        void Note(FileProblem problem)
        {
            problems++;
            first ??= problem;
        }
    }
}
