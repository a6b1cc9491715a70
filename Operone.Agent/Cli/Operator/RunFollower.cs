using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary>
/// Follows a run's stream from its first byte to its end, through broken connections and restarts of the server.
/// Every byte is given once and in order.
/// </summary>
internal sealed class RunFollower(CliContext cli, OperoneApi api)
{
    private readonly Dictionary<(Guid Device, int? Stage, OutputStream Stream), long> _offsets = [];

    /// <summary>Takes the bytes of a device.</summary>
    public required Action<RunStreamOutput, ReadOnlySpan<byte>> OnOutput { get; init; }

    /// <summary>Takes the states of executions.</summary>
    public Action<RunStreamStatus> OnStatus { get; init; } = _ => { };

    /// <summary>Follows to the end; null, or why it cannot be followed.</summary>
    public async Task<Error?> FollowAsync(Guid run, CancellationToken cancellationToken)
    {
        string? last = null;
        var patience = new Patience(cli.Time);
        var connected = true;
        while (true)
        {
            var opened = await api.OpenAsync($"runs/{run}/stream", headers => Prepare(headers, last), cancellationToken);
            if (opened.Error is { Kind: not ErrorKind.Unavailable } error)
            {
                return error;
            }

            if (!opened.IsError)
            {
                using var response = opened.Value;
                if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
                {
                    return api.NotOperone();
                }

                if (!connected)
                {
                    cli.Say($"connected to {api.Url} again");
                    connected = true;
                }

                await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
                await using var events = SseParser.Create(body, ReadEvent).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
                var quiet = true;
                while (await NextAsync(events, cancellationToken) is { } happened)
                {
                    quiet = false;
                    patience = new Patience(cli.Time);
                    if (happened.Data.Unreadable)
                    {
                        return api.NotOperone();
                    }

                    Take(happened.Data);
                    last = happened.EventId ?? last;
                    if (happened.Data.Status is { DeviceId: null })
                    {
                        return null;
                    }
                }

                if (quiet && await HasEndedAsync(run, cancellationToken))
                {
                    // there was nothing left to tell
                    return null;
                }
            }

            if (connected)
            {
                cli.Say($"the connection to {api.Url} is lost; the run goes on. Reconnecting ...");
                connected = false;
            }

            await patience.WaitAsync(cancellationToken);
        }
    }

    private static void Prepare(HttpRequestHeaders headers, string? last)
    {
        headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (last is not null)
        {
            headers.TryAddWithoutValidation("Last-Event-ID", last);
        }
    }

    private async Task<SseItem<RunEvent>?> NextAsync(IAsyncEnumerator<SseItem<RunEvent>> events, CancellationToken cancellationToken)
    {
        try
        {
            return await events.MoveNextAsync() ? events.Current : null;
        }
        catch (Exception e) when (api.Explain(e, cancellationToken) is not null)
        {
            // broken off: the same as an end that came too early
            return null;
        }
    }

    private async Task<bool> HasEndedAsync(Guid run, CancellationToken cancellationToken)
    {
        var view = await api.GetAsync($"runs/{run}", OperoneJson.Default.RunView, cancellationToken);
        return !view.IsError && view.Value.Status.IsEnd();
    }

    private void Take(RunEvent happened)
    {
        if (happened.Status is { } status)
        {
            OnStatus(status);
        }

        if (happened.Gap is { } gap)
        {
            cli.Say($"{gap.DeviceName}: {gap.Text}");
            _offsets[(gap.DeviceId, null, gap.Stream)] = Math.Max(_offsets.GetValueOrDefault((gap.DeviceId, null, gap.Stream)), gap.Offset);
        }

        if (happened.Output is not { } output)
        {
            return;
        }

        // the server may repeat what it sent before a connection broke
        var key = (output.DeviceId, output.Stage, output.Stream);
        var expected = _offsets.GetValueOrDefault(key);
        if (output.Offset > expected)
        {
            cli.Say($"{output.DeviceName}: {output.Offset - expected} bytes are missing here");
            expected = output.Offset;
        }

        var known = Math.Min(expected - output.Offset, output.Data.Length);
        _offsets[key] = Math.Max(expected, output.Offset + output.Data.Length);
        if (known < output.Data.Length)
        {
            OnOutput(output, output.Data.AsSpan((int)known));
        }
    }

    private static RunEvent ReadEvent(string type, ReadOnlySpan<byte> data)
    {
        try
        {
            return type switch
            {
                "output" => new(Output: JsonSerializer.Deserialize(data, OperoneJson.Default.RunStreamOutput)),
                "status" => new(Status: JsonSerializer.Deserialize(data, OperoneJson.Default.RunStreamStatus)),

                "gap" => new(Gap: JsonSerializer.Deserialize(data, OperoneJson.Default.RunStreamGap)),

                // a newer server may tell more
                _ => new(),
            };
        }
        catch (JsonException)
        {
            return new(Unreadable: true);
        }
    }

    private readonly record struct RunEvent(RunStreamOutput? Output = null, RunStreamStatus? Status = null, bool Unreadable = false, RunStreamGap? Gap = null);
}

/// <summary>Pauses between attempts: half a second at first, then longer up to ten seconds, each a little different.</summary>
internal sealed class Patience(TimeProvider time)
{
    private int _attempts;

    /// <summary>How many pauses there were.</summary>
    public int Attempts => _attempts;

    public Task WaitAsync(CancellationToken cancellationToken)
    {
        var seconds = Math.Min(10, 0.5 * Math.Pow(1.6, _attempts++));
#pragma warning disable CA5394 // spreads load; nothing secret
        return Task.Delay(TimeSpan.FromSeconds(seconds * (0.75 + (Random.Shared.NextDouble() / 2))), time, cancellationToken);
#pragma warning restore CA5394
    }
}
