using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>Has the control plane bring files from one device to another, and shows how far it is.</summary>
/// <param name="run">The command.</param>
/// <param name="settings">How it is carried out.</param>
internal sealed class TransferRun(FileRun run, CopySettings settings)
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(250);

    /// <summary>Brings the sources, those together that go into one folder.</summary>
    public async Task RunAsync(
        OperoneApi api, IReadOnlyList<(RemoteFiles From, FileItem Item, RemoteFiles To, TreePath Target)> pairs, TransferKind kind, ConflictRule conflict, CancellationToken cancellationToken)
    {
        foreach (var group in pairs.GroupBy(p => (Folder: p.To.AddressOf(p.Target.Parent), Name: p.Item.Path.Name == p.Target.Name ? null : p.Target.Name)))
        {
            // each other name is a transfer of its own
            var size = group.Key.Name is null ? 500 : 1;
            foreach (var sources in group.Chunk(size))
            {
                var request = new CreateTransfer([.. sources.Select(s => s.From.AddressOf(s.Item.Path))], group.Key.Folder, kind, group.Key.Name, conflict);
                var name = $"{sources[0].From.Show(sources[0].Item.Path)} -> {sources[0].To.Show(sources[0].Target)}";
                var made = await api.PostAsync("transfers", request, OperoneJson.Default.CreateTransfer, OperoneJson.Default.TransferView, null, cancellationToken);
                if (made.Error is { } error)
                {
                    run.Fail(name, error);
                    continue;
                }

                await FollowAsync(api, made.Value, name, cancellationToken);
            }
        }
    }

    /// <summary>Shows how far one is until it is over, and says what has failed. Who interrupts this ends it.</summary>
    public async Task FollowAsync(OperoneApi api, TransferView transfer, string name, CancellationToken cancellationToken)
    {
        Progress? progress = null;
        var retry = new Retry(run.Cli.Time, settings.Window);
        var (moved, done, said) = (0L, 0L, (string?)null);
        try
        {
            while (transfer.EndedAt is null)
            {
                if (transfer.Status == TransferStatus.Paused)
                {
                    run.Fail(name, new(ErrorKind.Conflict, "transfer-paused", "It is paused.", $"{transfer.Reason} 'operone transfers resume {transfer.Id}' goes on."));
                    return;
                }

                if (transfer.Status == TransferStatus.Running)
                {
                    run.Progress = progress ??= new Progress(run.Cli, settings.IsQuiet, transfer.Bytes, (int)Math.Min(int.MaxValue, transfer.Files));
                }

                if (transfer.Reason is { } reason && reason != said)
                {
                    run.Say(said = reason);
                }

                await Task.Delay(Often, run.Cli.Time, cancellationToken);
                var now = await api.GetAsync($"transfers/{transfer.Id}", OperoneJson.Default.TransferView, cancellationToken);
                if (now.Error is { } error)
                {
                    if (await retry.WaitAsync(error, cancellationToken))
                    {
                        continue;
                    }

                    run.Fail(name, error with { Detail = $"{error.Detail} The transfer {transfer.Id} goes on without this." });
                    return;
                }

                transfer = now.Value;
                retry.Progress();
                progress?.Moved(transfer.BytesDone - moved);
                for (; done < transfer.FilesDone && progress is not null; done++)
                {
                    progress.Done();
                }

                moved = progress is null ? 0 : transfer.BytesDone;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await api.PostAsync($"transfers/{transfer.Id}/cancel", OperoneJson.Default.TransferView, patience.Token);
            throw;
        }
        finally
        {
            progress?.Dispose();
            run.Progress = null;
        }

        await SayAsync(api, transfer, name, cancellationToken);
    }

    private async Task SayAsync(OperoneApi api, TransferView transfer, string name, CancellationToken cancellationToken)
    {
        if (settings.IsVerbose || transfer.Failed > 0)
        {
            await foreach (var json in api.ListAsync($"transfers/{transfer.Id}/items{(settings.IsVerbose ? "" : "?outcome=failed")}", 1000, cancellationToken))
            {
                var item = json.IsError ? json.Error! : api.Read(json.Value, OperoneJson.Default.TransferItemView);
                if (item.Error is { } error)
                {
                    run.Fail(name, error);
                    return;
                }

                if (item.Value.Outcome == TransferOutcome.Failed)
                {
                    run.Fail($"{item.Value.From} -> {item.Value.To}", new(ErrorKind.Conflict, FileProblems.Failed, item.Value.Problem ?? "It did not work.", ""));
                }
                else if (item.Value.Outcome == TransferOutcome.Done)
                {
                    run.Cli.OutputText.WriteLine(CliContext.Plain($"{(transfer.Kind == TransferKind.Move ? "move" : "copy")}  {item.Value.From} -> {item.Value.To}"));
                }
            }
        }

        if (transfer.Status == TransferStatus.Cancelled || (transfer.Status == TransferStatus.Failed && transfer.Failed == 0))
        {
            run.Fail(name, new(ErrorKind.Conflict, FileProblems.Failed, transfer.Reason ?? "It was cancelled.", ""));
        }
    }
}
