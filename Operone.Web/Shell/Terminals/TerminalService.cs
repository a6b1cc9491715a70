using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Shell.Terminals;

/// <summary>The use cases that change terminals: open, rename, share, end. <see cref="TerminalReader"/> looks, <see cref="TerminalDoor"/> lets in.</summary>
internal sealed class TerminalService(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory directory, DeviceSight devices, TerminalStart starts, TerminalReader reader, TerminalPeople people,
    TerminalRecords records, StepUp stepUp)
{
    /// <summary>Opens a terminal: its host is started, and goes on by itself from then on.</summary>
    public async Task<Result<TerminalView>> CreateAsync(Actor actor, CreateTerminal request, CancellationToken cancellationToken)
    {
        if (actor.Lacks(Permissions.TerminalsOpen) is { } lacks)
        {
            await records.DeniedAsync(actor, "terminal.open", request.Device, lacks, cancellationToken);
            return lacks;
        }

        if (TerminalChecks.Check(request) is { } invalid)
        {
            return invalid;
        }

        var device = await devices.RequireAsync(actor, Permissions.TerminalsOpen, request.Device!, "terminal.open", cancellationToken);
        if (device.IsError)
        {
            return device.Error!;
        }

        if (await stepUp.RequireAsync(actor, DangerousActs.OpenTerminal, cancellationToken) is { } untouched)
        {
            return untouched;
        }

        if (!directory.IsOnline(device.Value.Id))
        {
            return ChannelErrors.DeviceOffline(device.Value.Name);
        }

        var started = await starts.StartAsync(actor, device.Value, request, cancellationToken);
        if (started.IsError)
        {
            await records.DeniedAsync(actor, "terminal.open", device.Value.Name, started.Error!, cancellationToken);
            return started.Error!;
        }

        await records.OpenedAsync(actor, started.Value.Terminal, actor.Decide(Permissions.TerminalsOpen, device.Value.Labels).Grant, CancellationToken.None);
        return reader.View(actor, started.Value);
    }

    /// <summary>Names a terminal, or says whether guests may type. Its owner alone.</summary>
    public async Task<Result<TerminalView>> UpdateAsync(Actor actor, Guid id, UpdateTerminal request, CancellationToken cancellationToken)
    {
        var found = await FindOwnAsync(actor, id, "terminal.change", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        if (TerminalChecks.Check(request) is { } invalid)
        {
            return invalid;
        }

        var terminal = found.Value.Terminal;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        terminal.Title = request.Title is null ? terminal.Title : request.Title.Trim() is { Length: > 0 } title ? title : null;
        terminal.GuestsMayType = request.GuestsMayType ?? terminal.GuestsMayType;
        await db.Set<Terminal>().Where(t => t.Id == id).ExecuteUpdateAsync(
            set => set.SetProperty(t => t.Title, terminal.Title).SetProperty(t => t.GuestsMayType, terminal.GuestsMayType), cancellationToken);
        await records.ChangedAsync(actor, terminal, $"title '{terminal.Title}', guests {(terminal.GuestsMayType ? "may" : "may not")} type", cancellationToken);
        if (request.GuestsMayType is { } mayType)
        {
            people.Allow(id, null, mayType);
        }

        return reader.View(actor, found.Value);
    }

    /// <summary>Lets somebody who is in type, or does not any more. The owner alone.</summary>
    public async Task<Result<TerminalView>> AllowAsync(Actor actor, Guid id, Guid attachmentId, bool? allowed, CancellationToken cancellationToken)
    {
        var found = await FindOwnAsync(actor, id, "terminal.change", cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        if (allowed is not { } mayType)
        {
            return Error.InvalidField("mayType", "is missing");
        }

        if (people.In(id).FirstOrDefault(p => p.Id == attachmentId) is not { } guest)
        {
            return TerminalErrors.NobodyThere(id, attachmentId);
        }

        people.Allow(id, attachmentId, mayType);
        await records.ChangedAsync(actor, found.Value.Terminal, $"{guest.Name} {(mayType ? "may" : "may not")} type", cancellationToken);
        return reader.View(actor, found.Value);
    }

    /// <summary>Ends a terminal: its owner, or who manages terminals there.</summary>
    public async Task<Result<TerminalView>> EndAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var found = await reader.FindAsync(actor, id, cancellationToken);
        if (found.IsError)
        {
            return found.Error!;
        }

        var (terminal, execution) = found.Value;
        if (!TerminalSight.Owns(actor, terminal) && !devices.May(actor, Permissions.TerminalsManage, terminal.DeviceId))
        {
            var error = TerminalErrors.NotYours(id, terminal.OwnerName);
            await records.DeniedAsync(actor, "terminal.end", id.ToString(), error, cancellationToken);
            return error;
        }

        if (execution.EndedAt is not null)
        {
            return TerminalErrors.Over(id, execution.Reason);
        }

        await starts.EndAsync(actor, terminal, cancellationToken);
        await records.EndedAsync(actor, terminal, cancellationToken);
        return reader.View(actor, found.Value);
    }

    private async Task<Result<TerminalRow>> FindOwnAsync(Actor actor, Guid id, string action, CancellationToken cancellationToken)
    {
        var found = await reader.FindAsync(actor, id, cancellationToken);
        if (found.IsError || TerminalSight.Owns(actor, found.Value.Terminal))
        {
            return found;
        }

        var error = TerminalErrors.NotYours(id, found.Value.Terminal.OwnerName);
        await records.DeniedAsync(actor, action, id.ToString(), error, cancellationToken);
        return error;
    }
}
