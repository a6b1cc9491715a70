using System.Net;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary>Standard input and output that are streamed into and out of a run, beside what is followed of it.</summary>
internal sealed class RunStreams : IAsyncDisposable
{
    private readonly CliContext _cli;
    private readonly OperoneApi _api;
    private readonly Func<Task> _cancelRun;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _feeding;
    private readonly Task<bool> _taking;

    /// <summary>Begins.</summary>
    public RunStreams(CliContext cli, OperoneApi api, RunView run, CompleteRun made, Func<Task> cancelRun)
    {
        (_cli, _api, _cancelRun) = (cli, api, cancelRun);
        var path = run.Executions is [var first, ..] ? $"runs/{run.Id}/executions/{first.Id}" : "";
        _feeding = made.Input is { } input ? Task.Run(() => FeedAsync($"{path}/stdin", input)) : Task.CompletedTask;
        _taking = made.Request.Stdout is not null ? Task.Run(() => TakeAsync($"{path}/stdout")) : Task.FromResult(true);
    }

    /// <summary>The run has ended: waits for the rest of its output. Gives whether all of it has come.</summary>
    /// <exception cref="BrokenPipeException">Nobody reads it any more.</exception>
    public async Task<bool> EndAsync()
    {
        var isWhole = await _taking;
        await _over.CancelAsync(); // no more input is wanted
        await _feeding;
        return isWhole;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _feeding;
        await ((Task)_taking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
    }

    private async Task FeedAsync(string path, StreamedInput input)
    {
        using var body = new InputContent(input);
        var patience = new Patience(_cli.Time);
        try
        {
            // what was read of standard input is not there a second time: the device is to be there before
            var ready = await _api.GetAsync(path, OperoneJson.Default.StdinView, _over.Token);
            while (ready.Error is { } not && (not.Kind == ErrorKind.Unavailable || not.Code == "device-offline"))
            {
                await patience.WaitAsync(_over.Token);
                ready = await _api.GetAsync(path, OperoneJson.Default.StdinView, _over.Token);
            }

            var fed = ready.IsError ? ready : await _api.PutStreamAsync(path, body, _over.Token);
            if (fed.Error is not { } error || IsOver(error))
            {
                return;
            }

            // the server may have answered that no more is read, while more was being sent
            var now = await _api.GetAsync(path, OperoneJson.Default.StdinView, _over.Token);
            if (now.Error is { } unknown ? IsOver(unknown) : now.Value.Ended)
            {
                return;
            }

            _cli.Say("standard input could not be sent to its end; cancelling the run");
            _cli.Fail(error);
            await _cancelRun();
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // the run has ended
        }
    }

    private static bool IsOver(Error error) => error.Code is "execution-ended" or "channel-refused";

    private async Task<bool> TakeAsync(string path)
    {
        var patience = new Patience(_cli.Time);
        var total = 0L;
        try
        {
            while (true)
            {
                var opened = await _api.OpenAsync(path, null, _over.Token);
                if (opened.Error is { } error)
                {
                    if (IsOver(error))
                    {
                        return true; // it could not be started, or was ended before it printed: its end says so
                    }

                    if (error.Kind == ErrorKind.Unavailable || error.Code == "device-offline")
                    {
                        await patience.WaitAsync(_over.Token);
                        continue;
                    }

                    _cli.Fail(error);
                    await _cancelRun();
                    return false;
                }

                using var response = opened.Value;
                await using var body = await response.Content.ReadAsStreamAsync(_over.Token);
                var buffer = new byte[128 * 1024];
                int count;
                while ((count = await body.ReadAsync(buffer, _over.Token)) > 0)
                {
                    _cli.Output.Write(buffer, 0, count);
                    total += count;
                }

                return true;
            }
        }
        catch (BrokenPipeException)
        {
            _cli.Say("nobody reads the output any more; cancelling the run");
            await _cancelRun();
            throw;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            _cli.Say($"the output broke off after {total} bytes");
            return false;
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Standard input as a body. It is read once: what was sent and got lost is not there any more.</summary>
    private sealed class InputContent(StreamedInput input) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(input.Head, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            var buffer = new byte[128 * 1024];
            while (true)
            {
                // a console stream cannot be read asynchronously, and what it waits for may never come
                var count = await Task.Run(() => input.Rest.Read(buffer, 0, buffer.Length), cancellationToken).WaitAsync(cancellationToken);
                if (count == 0)
                {
                    return;
                }

                await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
