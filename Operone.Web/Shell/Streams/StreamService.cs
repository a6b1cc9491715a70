using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Shell.Streams;

/// <summary>The use cases of streamed standard input and output: feed a command, take what it prints.</summary>
internal sealed class StreamService(
    IDbContextFactory<OperoneDb> databases, RunSight sight, DeviceDirectory devices, ChannelBroker channels, IAuditTrail audit, IHostApplicationLifetime lifetime)
{
    /// <summary>How far a command's standard input is.</summary>
    public async Task<Result<StdinView>> LookAsync(Actor actor, Guid runId, string device, CancellationToken cancellationToken)
    {
        var found = await FindAsync(actor, runId, device, isInput: true, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var opened = await OpenAsync(actor, found.Value, ChannelPurposes.Stdin, StreamControls.Look, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        using var stream = opened.Value;
        var view = View(stream.Attached ?? stream.Ended!);
        await stream.CloseAsync(cancellationToken);
        return view;
    }

    /// <summary>Feeds a command with what comes out of a body, to its end.</summary>
    /// <param name="actor">Who.</param>
    /// <param name="runId">The run.</param>
    /// <param name="device">The device's id or name, or the execution's id.</param>
    /// <param name="offset">Where in all of the input the body begins. What the command has already is skipped.</param>
    /// <param name="body">The bytes. One that throws has broken off, and is no end of the input. It can be read on afterwards.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public async Task<Result<StdinView>> FeedAsync(Actor actor, Guid runId, string device, long offset, PipeReader body, CancellationToken cancellationToken)
    {
        if (offset < 0)
        {
            return Error.InvalidField("offset", "must not be negative");
        }

        var found = await FindAsync(actor, runId, device, isInput: true, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var execution = found.Value;
        var opened = await OpenAsync(actor, execution, ChannelPurposes.Stdin, StreamControls.Stdin, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        using var stream = opened.Value;
        await NoteAsync(actor, "run.stdin", execution);
        if (stream.Ended is { } over)
        {
            return View(over);
        }

        var has = stream.Attached!.Offset ?? 0;
        if (offset > has)
        {
            return StreamErrors.Gap(offset, has);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var sent = new Counter();
        var pumping = PumpAsync(stream, body, has - offset, sent, stop.Token);
        var listening = ListenAsync(stream, stop.Token);
        try
        {
            // where it takes no more it may have said why
            if (await Task.WhenAny(pumping, listening) == pumping && pumping.Exception?.InnerException is not WebSocketException)
            {
                await pumping;
            }

            await listening;
        }
        catch (Exception problem) when (problem is WebSocketException or ObjectDisposedException)
        {
            return StreamErrors.Lost(execution.DeviceName, has + sent.Value);
        }
        catch (IOException)
        {
            return StreamErrors.BodyBroken(has + sent.Value);
        }
        finally
        {
            await stop.CancelAsync();
            await Quietly(pumping);
            await Quietly(listening);
        }

        return stream.Ended is { } ended ? View(ended) : StreamErrors.Lost(execution.DeviceName, has + sent.Value);
    }

    /// <summary>Opens a command's standard output, as it comes. Null where the run keeps it, and it is to be read as such.</summary>
    public async Task<Result<DeviceStream?>> TakeAsync(Actor actor, Guid runId, string device, CancellationToken cancellationToken)
    {
        if (!await IsStreamedAsync(runId, device, cancellationToken))
        {
            return (DeviceStream?)null;
        }

        var found = await FindAsync(actor, runId, device, isInput: false, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var opened = await OpenAsync(actor, found.Value, ChannelPurposes.Stdout, StreamControls.Stdout, cancellationToken);
        if (!opened.IsError)
        {
            await NoteAsync(actor, "run.stdout", found.Value);
        }

        return opened.IsError ? opened.Error! : opened.Value;
    }

    /// <summary>Opens a channel to one of a command's streams, for who has been checked.</summary>
    public async Task<Result<DeviceStream>> OpenAsync(Actor actor, Execution execution, string purpose, string hello, CancellationToken cancellationToken)
    {
        if (devices.Find(execution.DeviceId) is not { } device)
        {
            return DeviceErrors.NotFound(execution.DeviceName);
        }

        var opened = await channels.OpenAsync(actor, device, purpose, execution.Id,
            JsonSerializer.Serialize(new StreamControl { Type = hello }, OperoneJson.Default.StreamControl), cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        var stream = new DeviceStream(opened.Value);
        try
        {
            if (await stream.BeginAsync(cancellationToken))
            {
                return stream;
            }

            var refusal = ChannelErrors.Ended(device.Name, stream.CloseReason);
            stream.Dispose();
            return refusal;
        }
        catch (WebSocketException)
        {
            stream.Dispose();
            return StreamErrors.Lost(device.Name, null);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Sends a body. A read of it is woken, and never cancelled by its token: after that Kestrel takes a body of a known length
    /// for one that is still being read, so that the rest cannot be, and drops the connection (dotnet/aspnetcore#17840).
    /// </summary>
    private static async Task PumpAsync(DeviceStream stream, PipeReader body, long skip, Counter sent, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChannelLimits.BufferBytes);
        using var wake = cancellationToken.Register(body.CancelPendingRead);
        try
        {
            for (var isAll = false; !isAll;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var read = await body.ReadAsync(CancellationToken.None);
                var known = Math.Min(skip, read.Buffer.Length);
                var data = read.Buffer.Slice(known);
                var count = (int)Math.Min(data.Length, buffer.Length);
                skip -= known;
                data.Slice(0, count).CopyTo(buffer);
                isAll = read.IsCompleted && count == data.Length;
                body.AdvanceTo(data.GetPosition(count));
                if (count > 0)
                {
                    await stream.SendAsync(buffer.AsMemory(0, count), cancellationToken);
                    sent.Value += count;
                }
            }

            await stream.CloseAsync(cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Waits for what the host says to the end.</summary>
    private static async Task ListenAsync(DeviceStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, cancellationToken) > 0)
        {
        }
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception known) when (known is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // it was told to stop, or what it was for is over
        }
    }

    private static StdinView View(StreamControl control) =>
        new(control.Offset ?? 0, control.Type == StreamControls.Ended || control.Ended == true, control.Text);

    private ValueTask NoteAsync(Actor actor, string action, Execution execution) =>
        audit.NoteAsync(actor, action, execution.RunId.ToString(), true, $"on {execution.DeviceName}", CancellationToken.None);

    private async Task<bool> IsStreamedAsync(Guid runId, string device, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var request = await db.Set<Run>().Where(r => r.Id == runId && r.Kind != RunKind.Terminal).Select(r => r.Request).FirstOrDefaultAsync(cancellationToken);
        return request?.Stdout is not null
            || (request?.Stages is { } stages && await ExecutionAsync(db, runId, device, cancellationToken) is { Stage: { } stage } && stage < stages.Count - 1);
    }

    private static async Task<Execution?> ExecutionAsync(OperoneDb db, Guid runId, string device, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(device, out var id);
#pragma warning disable CA1304, CA1308, CA1311, CA1862 // translated to SQL
        var name = device.ToLowerInvariant();
        return await db.Set<Execution>().Where(e => e.RunId == runId && (isId ? e.DeviceId == id || e.Id == id : e.DeviceName.ToLower() == name))
            .OrderBy(e => e.Stage).FirstOrDefaultAsync(cancellationToken);
#pragma warning restore CA1304, CA1308, CA1311, CA1862
    }

    /// <summary>The execution, where the actor made its run, may still run commands on its device, and it streams this.</summary>
    private async Task<Result<Execution>> FindAsync(Actor actor, Guid runId, string device, bool isInput, CancellationToken cancellationToken)
    {
        var (permission, what) = isInput ? (Permissions.RunsCreate, "stdin") : (Permissions.RunsRead, "stdout");
        if (actor.Lacks(permission) is { } lacks)
        {
            return lacks;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var run = await db.Set<Run>().FirstOrDefaultAsync(r => r.Id == runId && r.Kind != RunKind.Terminal, cancellationToken);
        var execution = await ExecutionAsync(db, runId, device, cancellationToken);
        var sees = isInput ? sight.MayRun : (Func<Actor, Guid, bool>)sight.Sees;
        if (run is null || execution is null || !sees(actor, execution.DeviceId))
        {
            return run is not null && await sight.PartAsync(db, actor, runId, cancellationToken) is not null
                ? RunErrors.ExecutionNotFound(runId, device) : RunErrors.NotFound(runId.ToString());
        }

        if (!await MadeAsync(db, actor, run, cancellationToken))
        {
            var error = StreamErrors.NotYours(actor.Name);
            await audit.NoteAsync(actor, $"run.{what}", runId.ToString(), false, error.Detail, cancellationToken);
            return error;
        }

        var isJoined = run.Request.Stages is { } stages && (isInput ? execution.Stage > 0 : execution.Stage < stages.Count - 1);
        return isJoined ? StreamErrors.Joined(isInput ? "standard input" : "standard output")
            : (isInput ? run.Request.Stdin : run.Request.Stdout) != StreamLimits.Word ? StreamErrors.NotStreamed(what)
            : execution.EndedAt is not null ? StreamErrors.Over(execution.DeviceName, execution.Reason)
            : execution.Status == ExecutionStatus.Queued ? ChannelErrors.DeviceOffline(execution.DeviceName)
            : execution;
    }

    /// <summary>Whether the actor has made it; a person's tokens count as the person.</summary>
    private static async Task<bool> MadeAsync(OperoneDb db, Actor actor, Run run, CancellationToken cancellationToken)
    {
        if (run.CreatedById is not { } by)
        {
            return false;
        }

        return by == actor.Id || by == actor.PersonId
            || (actor.PersonId is { } person && await db.Set<ApiToken>().AnyAsync(t => t.Id == by && t.OwnerId == person, cancellationToken));
    }

    private sealed class Counter
    {
        public long Value { get; set; }
    }
}
