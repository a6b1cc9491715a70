using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Agent.Files.Handlers;

/// <summary>Sends many small files, see <see cref="SmallGet"/>.</summary>
internal sealed class GetHandler(IDisk disk) : IFileHandler
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Ops { get; } = [FileOps.Get];

    /// <inheritdoc/>
    public bool Receives => true;

    /// <inheritdoc/>
    public async Task RunAsync(FileTask task)
    {
        await task.ReplyAsync(new FileReply());
        var paths = await ReceiveAsync(task);
        var small = new SmallGet(disk, task.Place.Bounds);
        foreach (var (index, path) in paths.Index())
        {
            SmallContent file;
            try
            {
                file = small.Read(path);
            }
            catch (FileFault fault)
            {
                await task.ReplyAsync(new FileReply { Failures = [new(index, fault.Problem)] });
                continue;
            }

            await task.ReplyAsync(new FileReply { Entry = file.Entry });
            if (!file.Content.IsEmpty)
            {
                await task.Channel.SendAsync(file.Content, task.Cancel);
            }
        }

        await task.ReplyAsync(new FileReply { IsLast = true });
    }

    private static async Task<List<string>> ReceiveAsync(FileTask task)
    {
        var paths = new List<string>();
        while (true)
        {
            switch ((await task.ReceiveAsync(task.Cancel)).ReadWord())
            {
                case { IsEnd: true }:
                    return paths;
                case { File.Path: { } path } when paths.Count < FileLimits.SmallFiles:
                    paths.Add(path);
                    break;
                case { File.Path: not null }:
                    throw task.Senseless($"Nothing was read: at most {FileLimits.SmallFiles} files can be read at once.");
                default:
                    throw task.Senseless("Nothing was read: a message among the paths made no sense.");
            }
        }
    }
}
