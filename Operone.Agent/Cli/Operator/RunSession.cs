using System.Collections.Concurrent;
using System.Text.Json;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary>One <c>operone run</c>, from the request to the exit code.</summary>
internal sealed class RunSession(CliContext cli, OperoneApi api, RunSettings settings)
{
    /// <summary>The exit code when the command took too long, as of <c>timeout(1)</c>.</summary>
    public const int TimedOutExitCode = 124;

    /// <summary>The exit code when the run was cancelled: 128 and the number of SIGINT.</summary>
    public const int CancelledExitCode = 130;

    private const int MaxAttempts = 6;
    private const int MaxNamesShown = 5;
    private static readonly TimeSpan QuietBeforeNotice = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<Guid, string> _states = [];
    private readonly TaskCompletionSource _cancelAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _interrupts;

    /// <summary>Makes the run, follows it and gives the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var request = settings.Pipeline is { } pipeline
            ? new CompleteRun(settings.Request, pipeline.Stdin is null ? null : new StreamedInput([], cli.OpenInput()))
            : await new RunInput(cli, api).CompleteAsync(settings, cancellationToken);
        if (request.Error is { } invalid)
        {
            return cli.Fail(invalid);
        }

        using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = cli.OnInterrupt(() => Interrupted(leave));
        Guid? run = null;
        try
        {
            var created = await CreateAsync(request.Value.Request, leave.Token);
            if (created.Error is { } refused)
            {
                return cli.Fail(refused);
            }

            var view = api.Read(created.Value, OperoneJson.Default.RunView);
            if (view.Error is { } unreadable)
            {
                return cli.Fail(unreadable);
            }

            run = view.Value.Id;
            if (view.Value.LeftOut is { Count: > 0 } leftOut)
            {
                cli.Say($"left out, because you may not run commands there: {Shared.Some(leftOut)}");
            }

            if (view.Value.Skipped is { Count: > 0 } skipped)
            {
                cli.Say($"passed by, because they take no new work: {Shared.Some([.. skipped.Select(d => $"{d.Name} ({d.Reason})")])}");
            }

            return settings.Detach ? Detach(created.Value, view.Value) : await FollowAsync(view.Value, request.Value, leave.Token);
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested)
        {
            cli.Say(run is null ? "left; the server may have taken the run nevertheless: see 'operone runs'" : $"left; see 'operone logs -f {run}' for what becomes of it");
            return CancelledExitCode;
        }
    }

    private void Interrupted(CancellationTokenSource leave)
    {
        if (Interlocked.Increment(ref _interrupts) == 1)
        {
            cli.Say("cancelling the run; Ctrl+C again leaves at once");
            _cancelAsked.TrySetResult();
        }
        else
        {
            leave.Cancel();
        }
    }

    /// <summary>Makes the run. An attempt that may have arrived is repeated under the same key, so that there is one run.</summary>
    private async Task<Result<JsonElement>> CreateAsync(CreateRun request, CancellationToken cancellationToken)
    {
        if (settings.Pipeline is { } pipeline)
        {
            return await api.PostAsync("pipelines", pipeline, OperoneJson.Default.CreatePipeline, CliJson.Default.JsonElement, null, cancellationToken);
        }

        var key = Guid.NewGuid().ToString();
        var patience = new Patience(cli.Time);
        while (true)
        {
            var created = await api.PostAsync("runs", request, OperoneJson.Default.CreateRun, CliJson.Default.JsonElement, key, cancellationToken);
            if (created.Error is not { Kind: ErrorKind.Unavailable } error
                || (error.Code == OperoneApi.Unreachable && patience.Attempts == 0) || patience.Attempts >= MaxAttempts)
            {
                return created;
            }

            if (patience.Attempts == 0)
            {
                cli.Say($"{error.Title} Trying again ...");
            }

            await patience.WaitAsync(cancellationToken);
        }
    }

    private int Detach(JsonElement json, RunView run)
    {
        if (settings.Json)
        {
            CliJson.Print(cli, json);
        }
        else
        {
            cli.OutputText.WriteLine(run.Id);
            cli.OutputText.Flush();
        }

        return 0;
    }

    private async Task<int> FollowAsync(RunView run, CompleteRun made, CancellationToken cancellationToken)
    {
        if (run.Executions is null)
        {
            var whole = await GetRunAsync(run.Id, cancellationToken);
            if (whole.Error is { } error)
            {
                return cli.Fail(error);
            }

            run = whole.Value.View;
        }

        if (run.WaitingSince is not null)
        {
            var placed = await new RoomWait(
                cli, async (id, ended) => (await GetRunAsync(id, ended)).Match<Result<RunView>>(r => r.View, e => e), CancelAsync, _cancelAsked.Task)
                .ForPlaceAsync(run, cancellationToken);
            if (placed.Error is { } lost)
            {
                return cli.Fail(lost);
            }

            run = placed.Value;
        }

        var executions = run.Executions ?? [];
        foreach (var execution in executions)
        {
            _states[execution.DeviceId] = execution.Status.ToText();
        }

        IRunOutput output = settings.Json ? new NoOutput()
            : settings.Pipeline is not null ? new PipelineOutput(executions, cli)
            : executions.Count == 1 ? new RawOutput(cli.Output, cli.Error)
            : new PrefixedOutput(executions.Select(e => e.DeviceName), cli.Output, cli.Error, cli.OutputHasColour, cli.ErrorHasColour);
        var follower = new RunFollower(cli, api)
        {
            OnOutput = (piece, data) => output.Write(piece.Stage is { } stage ? PipelineOutput.Name(stage, piece.DeviceName) : piece.DeviceName, piece.Stream, data),
            OnStatus = status => Note(status),
        };
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var cancelling = CancelWhenAskedAsync(run.Id, ended.Token);
        var noticing = NoticeWaitingAsync(executions, run.Request!, ended.Token);
        var streams = new RunStreams(cli, api, run, made, () => CancelAsync(run.Id, cancellationToken));
        var isWhole = true;
        try
        {
            if (await follower.FollowAsync(run.Id, cancellationToken) is { } unfollowed)
            {
                cli.Say($"the run {run.Id} goes on, but cannot be followed:");
                return cli.Fail(unfollowed);
            }

            output.Complete();
            isWhole = await streams.EndAsync();
        }
        catch (BrokenPipeException)
        {
            cli.Say("nobody reads the output any more; cancelling the run");
            await CancelAsync(run.Id, cancellationToken);
            throw;
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(cancelling, noticing);
            await streams.DisposeAsync();
        }

        var final = await GetRunAsync(run.Id, cancellationToken);
        if (final.Error is { } gone)
        {
            return cli.Fail(gone);
        }

        if (settings.Json)
        {
            CliJson.Print(cli, final.Value.Json);
        }

        var code = new RunOutcome(cli, final.Value.View, _interrupts > 0).Report();
        return code == 0 && !isWhole ? CommandLine.UsageExitCode : code;
    }

    private void Note(RunStreamStatus status)
    {
        if (status.DeviceId is { } device)
        {
            _states[device] = status.Status;
        }
    }

    private async Task<Result<(JsonElement Json, RunView View)>> GetRunAsync(Guid id, CancellationToken cancellationToken)
    {
        var patience = new Patience(cli.Time);
        while (true)
        {
            var json = await api.GetJsonAsync($"runs/{id}", cancellationToken);
            if (json.Error is not { } error)
            {
                var view = api.Read(json.Value, OperoneJson.Default.RunView);
                return view.Error is { } unreadable ? unreadable : (json.Value, view.Value);
            }

            if (error.Kind != ErrorKind.Unavailable || patience.Attempts >= MaxAttempts)
            {
                return error;
            }

            await patience.WaitAsync(cancellationToken);
        }
    }

    private async Task CancelWhenAskedAsync(Guid id, CancellationToken ended)
    {
        try
        {
            await _cancelAsked.Task.WaitAsync(ended);
            await CancelAsync(id, ended);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // the run has ended, or the person has left
        }
    }

    private async Task CancelAsync(Guid id, CancellationToken cancellationToken)
    {
        var patience = new Patience(cli.Time);
        while (true)
        {
            var cancelled = await api.PostAsync($"runs/{id}/cancel", cancellationToken);
            if (cancelled.Error is not { } error || error.Kind == ErrorKind.Conflict)
            {
                return;
            }

            if (error.Kind != ErrorKind.Unavailable)
            {
                cli.Say("the run could not be cancelled:");
                cli.Fail(error);
                return;
            }

            await patience.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Says which devices are waited for, when nothing else tells why nothing happens.</summary>
    private async Task NoticeWaitingAsync(IReadOnlyList<ExecutionView> executions, CreateRun request, CancellationToken ended)
    {
        try
        {
            await Task.Delay(QuietBeforeNotice, cli.Time, ended);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        var waiting = executions.Where(e => _states[e.DeviceId] == ExecutionStatus.Queued.ToText()).Select(e => e.DeviceName).ToList();
        if (waiting.Count > 0)
        {
            var expiry = Quantities.FormatDuration(TimeSpan.FromSeconds(request.ExpiresInSeconds ?? RunLimits.DefaultExpirySeconds));
            var names = string.Join(", ", waiting.Take(MaxNamesShown)) + (waiting.Count > MaxNamesShown ? $" and {waiting.Count - MaxNamesShown} more" : "");
            cli.Say($"waiting up to {expiry} for {(waiting.Count == 1 ? "a device" : $"{waiting.Count} devices")} that cannot be reached now: {names}");
        }
    }
}
