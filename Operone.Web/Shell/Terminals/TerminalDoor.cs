using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Devices;
using Operone.Web.Events;

namespace Operone.Web.Shell.Terminals;

/// <summary>How somebody wants to be at a terminal.</summary>
/// <param name="Columns">The width of their window.</param>
/// <param name="Rows">Its height.</param>
/// <param name="Window">How many unacknowledged bytes they take; 0 for without bound.</param>
/// <param name="Offset">Up to where they have seen everything; null for a fresh screen.</param>
internal sealed record AttachRequest(int? Columns, int? Rows, int? Window, long? Offset);

/// <summary>Lets people in to terminals: their own to type, others' to watch, or to type where the owner lets them.</summary>
internal sealed class TerminalDoor(
    TerminalReader reader, TerminalSight sight, TerminalPeople people, TerminalRecords records, ChannelBroker channels, DeviceDirectory devices,
    LiveChanges changes, IOptions<ChannelsOptions> options, TimeProvider time)
{
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(5);

    /// <summary>Opens the channel to the device. What comes back is to be run with the caller's WebSocket, by <see cref="CarryAsync"/>.</summary>
    public async Task<Result<TerminalAttachment>> OpenAsync(Actor actor, Guid id, AttachRequest request, CancellationToken cancellationToken)
    {
        var found = await reader.FindAsync(actor, id, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var (terminal, execution) = found.Value;
        if (execution.EndedAt is not null)
        {
            return TerminalErrors.Over(id, execution.Reason);
        }

        if (Check(request) is { } invalid)
        {
            return invalid;
        }

        if (devices.Find(terminal.DeviceId) is not { } device)
        {
            return DeviceErrors.NotFound(terminal.DeviceName);
        }

        var mayType = sight.MayUse(actor, terminal) || terminal.GuestsMayType;
        var hello = new TerminalControl
        {
            Type = TerminalControls.Attach,
            Columns = request.Columns,
            Rows = request.Rows,
            Window = request.Window,
            Offset = request.Offset,
            MayType = mayType,
        };
        var channel = await channels.OpenAsync(
            actor, device, ChannelPurposes.Terminal, id, JsonSerializer.Serialize(hello, OperoneJson.Default.TerminalControl), cancellationToken);
        return channel.IsError
            ? channel.Error!
            : new TerminalAttachment(actor, terminal, mayType, channel.Value, people, TimeSpan.FromSeconds(options.Value.IdleSeconds), time);
    }

    /// <summary>Carries everything between the caller and the terminal until one of them ends, or the caller may not be there any more.</summary>
    public async Task CarryAsync(TerminalAttachment attachment, WebSocket caller, CancellationToken cancellationToken)
    {
        var found = await reader.FindAsync(attachment.Actor, attachment.TerminalId, cancellationToken);
        if (found.IsError)
        {
            return;
        }

        var terminal = found.Value.Terminal;
        await records.JoinedAsync(attachment, terminal, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchAsync(attachment, terminal, stop.Token);
        var why = "";
        try
        {
            why = await attachment.RunAsync(caller, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await watching;
            await records.LeftAsync(attachment, terminal, why);
        }
    }

    private static Error? Check(AttachRequest request)
    {
        var errors = new FieldErrors();
        errors.AddIf(request.Columns is < 1 or > TerminalLimits.MaxSide, "columns", $"must be 1 to {TerminalLimits.MaxSide}");
        errors.AddIf(request.Rows is < 1 or > TerminalLimits.MaxSide, "rows", $"must be 1 to {TerminalLimits.MaxSide}");
        errors.AddIf(request.Window is < 0 or > 64 * 1024 * 1024, "window", "must be 0 to 67108864 bytes");
        errors.AddIf(request.Offset is < 0, "offset", "must not be negative");
        return errors.ToError();
    }

    /// <summary>
    /// Whoever loses the right to be there is sent away, at once; an owner who may only join any more only watches. What ends by the
    /// clock, such as a grant with an end, has no news: it is looked for.
    /// </summary>
    private async Task WatchAsync(TerminalAttachment attachment, Terminal terminal, CancellationToken cancellationToken)
    {
        using var subscription = changes.Subscribe(LiveChanges.Sight, LiveChanges.Access);
        try
        {
            var could = sight.MayUse(attachment.Actor, terminal);
            Task? news = null;
            while (sight.Sees(attachment.Actor, terminal))
            {
                var can = sight.MayUse(attachment.Actor, terminal);
                if (can != could)
                {
                    attachment.SetMayType(can);
                    could = can;
                }

                news ??= subscription.WaitAsync(cancellationToken).AsTask();
                if (await Task.WhenAny(news, Task.Delay(_look, time, cancellationToken)) == news)
                {
                    await news;
                    news = null;
                }

                cancellationToken.ThrowIfCancellationRequested();
            }

            attachment.End();
        }
        catch (OperationCanceledException)
        {
            // they have left
        }
    }
}
