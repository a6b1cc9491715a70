using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files;

/// <summary>What changes in a folder, as server-sent events. Where more comes than somebody takes, they are told to read the folder again.</summary>
internal static class FolderEvents
{
    private const int MaxWaiting = 64;

    /// <summary>Sends them until the reader has gone, may no more, or the folder is gone.</summary>
    public static async Task<IResult> SendAsync(HttpContext http, Actor actor, TreePath path, CancellationToken cancellationToken)
    {
        var (files, tree) = (http.RequestServices.GetRequiredService<FileService>(), http.RequestServices.GetRequiredService<FileTree>());
        var found = await files.StatAsync(actor, path, cancellationToken);
        if (found.IsError)
        {
            return found.Error!.ToProblem();
        }

        if (found.Value.Kind != FileKind.Folder)
        {
            return FileErrors.From(new(FileProblems.WrongKind, "it is no folder; changes of folders alone are told of."), path.ToString()).ToProblem();
        }

        var changes = Channel.CreateBounded<IReadOnlyList<string>>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isMissed = false;
        var watching = files.WatchAsync(actor, path, segments =>
        {
            begun.TrySetResult();
            Volatile.Write(ref isMissed, Volatile.Read(ref isMissed) | !changes.Writer.TryWrite(segments));
            return ValueTask.CompletedTask;
        }, watch.Token);
        if (await Task.WhenAny(watching, begun.Task, Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken)) == watching && (await watching).Error is { } refused)
        {
            return refused.ToProblem();
        }

        using var stream = await EventStream.BeginAsync(http);
        try
        {
            // who comes back does not know what they have missed
            var number = 0L;
            if (http.Request.Headers.ContainsKey("Last-Event-ID"))
            {
                Write([]);
                await stream.FlushAsync();
            }

            while (!watching.IsCompleted)
            {
                await stream.WaitAsync(async cancelled => await Task.WhenAny(watching, changes.Reader.WaitToReadAsync(cancelled).AsTask()).WaitAsync(cancelled));

                // asked each time: who may no longer see it is not told more
                if ((await tree.FindAsync(actor, path, Permissions.FilesRead, "file.read", stream.Ended)).IsError)
                {
                    break;
                }

                while (changes.Reader.TryRead(out var segments))
                {
                    Write(segments);
                }

                if (Volatile.Read(ref isMissed))
                {
                    Volatile.Write(ref isMissed, false);
                    Write([]);
                }

                await stream.FlushAsync();
            }

            void Write(IReadOnlyList<string> segments) => stream.Write(
                (++number).ToString(CultureInfo.InvariantCulture), "changed", JsonSerializer.SerializeToUtf8Bytes(new FolderChange(segments), OperoneJson.Default.FolderChange));
        }
        catch (OperationCanceledException) when (stream.Ended.IsCancellationRequested)
        {
            // the reader has gone, or the node stops
        }
        finally
        {
            await watch.CancelAsync();
            await watching.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        return Results.Empty;
    }
}
