using System.Globalization;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Events;
using Operone.Web.Hosting;

namespace Operone.Web.Shell;

/// <summary>A run's journal as server-sent events (HTML Living Standard, section 9.2).</summary>
internal static class RunStreamEndpoint
{
    private const int SliceBytes = 1024 * 1024;

    public static async Task<IResult> Stream(
        HttpContext http, Actor actor, Guid id, RunReader reader, RunOutput output, LiveChanges changes, CancellationToken cancellationToken)
    {
        var found = await reader.GetAsync(actor, id, cancellationToken);
        if (found.IsError)
        {
            return found.Error!.ToProblem();
        }

        var seq = 0L;
        if (http.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } last
            && !(long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out seq)))
        {
            return Error.InvalidField("Last-Event-ID", "is not an id that this stream gave").ToProblem();
        }

        var run = found.Value;
        var devices = run.Executions!.ToDictionary(e => e.Id);
        var gaps = new OutputGaps(await output.PlacesAsync(id, seq, cancellationToken), fromStart: seq == 0);
        using var subscription = changes.Subscribe(LiveChanges.Run(id), LiveChanges.Sight);
        using var events = await EventStream.BeginAsync(http);
        try
        {
            while (true)
            {
                // Asked each time: who may no longer see it is not told more.
                var slice = await output.ReadAsync(actor, id, null, seq, SliceBytes, events.Ended);
                if (slice.IsError)
                {
                    return Results.Empty;
                }

                var before = seq;
                seq = slice.Value.LastSeq;
                if (slice.Value.Entries.Any(e => e.ExecutionId is { } execution && !devices.ContainsKey(execution)))
                {
                    // It was placed since, or has come into sight.
                    devices = (await reader.GetAsync(actor, id, events.Ended)).Match(r => r.Executions!.ToDictionary(e => e.Id), _ => devices);
                }

                foreach (var entry in slice.Value.Entries)
                {
                    if (gaps.Take(entry) is { } gap)
                    {
                        // by the id before it: who resumes between the two is told again
                        Write(events, gap, before, entry, devices);
                    }

                    Write(events, entry, devices);
                    before = entry.Seq;
                }

                await events.FlushAsync();
                if (slice.Value.Entries.Any(e => e.ExecutionId is null) || (slice.Value is { Entries.Count: 0, IsWhole: true } && run.Status.IsEnd()))
                {
                    return Results.Empty;
                }

                if (slice.Value.Entries.Count > 0)
                {
                    continue;
                }

                if (!slice.Value.IsWhole)
                {
                    if (run.Status.IsEnd())
                    {
                        // Who sees a part of the run gets the end of that part.
                        events.Write(seq.ToString(CultureInfo.InvariantCulture), "status", JsonSerializer.SerializeToUtf8Bytes(
                            new RunStreamStatus(null, null, run.Status.ToText(), null, null), OperoneJson.Default.RunStreamStatus));
                        await events.FlushAsync();
                        return Results.Empty;
                    }

                    var again = await reader.GetAsync(actor, id, events.Ended);
                    if (again.IsError)
                    {
                        return Results.Empty;
                    }

                    (run, devices) = (again.Value, again.Value.Executions!.ToDictionary(e => e.Id));
                    if (run.Status.IsEnd())
                    {
                        // What it wrote last may have come between the two reads.
                        continue;
                    }
                }

                await events.WaitAsync(subscription);
            }
        }
        catch (OperationCanceledException) when (events.Ended.IsCancellationRequested)
        {
            // The reader has gone, or the node stops: who reads resumes with Last-Event-ID.
            return Results.Empty;
        }
    }

    private static void Write(EventStream events, OutputGap gap, long before, JournalEntry entry, Dictionary<Guid, ExecutionView> devices)
    {
        if (devices.TryGetValue(entry.ExecutionId!.Value, out var device))
        {
            var stream = (OutputStream)entry.Kind;
            events.Write(before.ToString(CultureInfo.InvariantCulture), "gap", JsonSerializer.SerializeToUtf8Bytes(
                new RunStreamGap(device.DeviceId, device.DeviceName, stream, gap.Offset, gap.Bytes, gap.Describe(stream, device.NewestBytes)),
                OperoneJson.Default.RunStreamGap));
        }
    }

    private static void Write(EventStream events, JournalEntry entry, Dictionary<Guid, ExecutionView> devices)
    {
        var id = entry.Seq.ToString(CultureInfo.InvariantCulture);
        if (entry.Kind == JournalKind.Status)
        {
            events.Write(id, "status", entry.Data);
            return;
        }

        if (!devices.TryGetValue(entry.ExecutionId!.Value, out var device))
        {
            return;
        }

        events.Write(id, "output", JsonSerializer.SerializeToUtf8Bytes(
            new RunStreamOutput(device.DeviceId, device.DeviceName, (OutputStream)entry.Kind, entry.Offset, entry.Data) { Stage = device.Stage },
            OperoneJson.Default.RunStreamOutput));
    }
}
