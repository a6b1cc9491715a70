using System.Buffers;
using System.Globalization;
using System.Text;
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
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static async Task<IResult> Stream(
        HttpContext http, Actor actor, Guid id, RunReader reader, RunOutput output, LiveChanges changes, TimeProvider time, CancellationToken cancellationToken)
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

        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        var devices = found.Value.Executions!.ToDictionary(e => e.Id);
        using var subscription = changes.Subscribe(LiveChanges.Run(id));
        await http.Response.Body.FlushAsync(cancellationToken);
        while (true)
        {
            var slice = await output.ReadAsync(actor, id, null, seq, SliceBytes, cancellationToken);
            if (slice.IsError)
            {
                return slice.Error!.ToProblem();
            }

            seq = slice.Value.LastSeq;
            foreach (var entry in slice.Value.Entries)
            {
                Write(http.Response.BodyWriter, entry, devices);
            }

            await http.Response.BodyWriter.FlushAsync(cancellationToken);
            if (slice.Value.Entries.Any(e => e.ExecutionId is null) || (slice.Value.Entries.Count == 0 && found.Value.Status.IsEnd()))
            {
                return Results.Empty;
            }

            if (slice.Value.Entries.Count == 0)
            {
                await WaitAsync(http, subscription, time, cancellationToken);
            }
        }
    }

    private static async Task WaitAsync(HttpContext http, LiveChanges.Subscription subscription, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var pause = new CancellationTokenSource(Heartbeat, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, cancellationToken);
            try
            {
                await subscription.WaitAsync(either.Token);
                return;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                await http.Response.WriteAsync(": still here\n\n", cancellationToken);
                await http.Response.Body.FlushAsync(cancellationToken);
            }
        }
    }

    private static void Write(IBufferWriter<byte> writer, JournalEntry entry, Dictionary<Guid, ExecutionView> devices)
    {
        var isStatus = entry.Kind == JournalKind.Status;
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {entry.Seq}\nevent: {(isStatus ? "status" : "output")}\ndata: "), writer);
        if (isStatus)
        {
            writer.Write(entry.Data);
        }
        else
        {
            var device = devices[entry.ExecutionId!.Value];
            using var json = new Utf8JsonWriter(writer);
            JsonSerializer.Serialize(json,
                new RunStreamOutput(device.DeviceId, device.DeviceName, (OutputStream)entry.Kind, entry.Offset, entry.Data),
                OperoneJson.Default.RunStreamOutput);
        }

        writer.Write("\n\n"u8);
    }
}
