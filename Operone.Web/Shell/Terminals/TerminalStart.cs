using Microsoft.EntityFrameworkCore;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell.Sandbox;

namespace Operone.Web.Shell.Terminals;

/// <summary>Makes a terminal out of what was asked for and what policy says, stores it, and tells its device.</summary>
internal sealed class TerminalStart(
    IDbContextFactory<OperoneDb> databases, TerminalPolicies policies, SandboxChoice sandboxes, ExecutionWriter writer, ExecutionDispatch dispatch, TimeProvider time)
{
    /// <summary>Starts one on a device that is connected.</summary>
    public async Task<Result<TerminalRow>> StartAsync(Actor actor, DeviceEntry device, CreateTerminal request, CancellationToken cancellationToken)
    {
        var policy = await policies.ForAsync(actor, device, cancellationToken);
        if (!policy.ChoiceAllowed && Chosen(request) is { Length: > 0 } chosen)
        {
            return TerminalErrors.ChoiceNotAllowed(device.Name, chosen);
        }

        // What holds who opens it by a role holds their terminals too; the user that policy says is not theirs to choose, and gives way.
        var isHeld = sandboxes.Requiring(actor).Count > 0;
        var sandbox = await sandboxes.ResolveAsync(actor, null, isHeld ? request.User : request.User ?? policy.User, cancellationToken);
        if (sandbox.IsError)
        {
            return sandbox.Error!;
        }

        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var record = policy.Record == RecordMode.Off && request.Record == true ? RecordMode.On : policy.Record;
        var shell = request.Argv is null ? request.Shell ?? policy.Shell : null;
        var run = new Run
        {
            Id = id,
            Kind = RunKind.Terminal,
            Status = RunStatus.Running,
            Request = new CreateRun
            {
                Argv = request.Argv,
                Target = new RunTarget([device.Name]),
                Sandbox = sandbox.Value.Name,
                WorkingDirectory = request.WorkingDirectory ?? policy.WorkingDirectory,
                Environment = Merge(policy.Environment, request.Environment),
                // one that must be recorded ends with its recording: it gets more room
                OutputLimitBytes = record switch
                {
                    RecordMode.Off => 0,
                    RecordMode.Required => RunLimits.MaxOutputLimitBytes,
                    _ => TerminalLimits.DefaultRecordingBytes,
                },
            },
            Sandbox = sandbox.Value.Spec,
            Summary = request.Argv is null ? shell ?? "shell" : RunLimits.Summary(new CreateRun { Argv = request.Argv }),
            CreatedBy = actor.Name,
            CreatedById = actor.Id,
            CreatedAt = now,
            ExpiresAt = now + ExecutionDispatch.TerminalPatience,
        };
        var execution = new Execution { Id = id, RunId = id, DeviceId = device.Id, DeviceName = device.Name, Status = ExecutionStatus.Starting };
        var terminal = new Terminal
        {
            Id = id,
            DeviceId = device.Id,
            DeviceName = device.Name,
            OwnerId = actor.OwnerId,
            OwnerName = actor.Name,
            Title = request.Title?.Trim() is { Length: > 0 } title ? title : null,
            User = sandbox.Value.Spec?.RunAs,
            Command = run.Summary,
            Record = record,
            RecordInput = policy.RecordInput,
            CreatedAt = now,
        };
        await StoreAsync(actor, run, execution, terminal, cancellationToken);

        // From here on it is accepted: who asked may leave, the terminal goes on.
        writer.Track([execution]);
        var start = new StartTerminal(request.Columns ?? 80, request.Rows ?? 24, shell, policy.IdleSeconds, record, policy.RecordInput);
        await dispatch.StartAsync(run, execution, start, CancellationToken.None);
        return new TerminalRow(terminal, execution);
    }

    /// <summary>Ends one. A device that is away is told when it is back.</summary>
    public async Task EndAsync(Actor actor, Terminal terminal, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        await db.Set<Run>().Where(r => r.Id == terminal.Id && r.CancelledAt == null).ExecuteUpdateAsync(
            set => set.SetProperty(r => r.CancelledAt, now).SetProperty(r => r.CancelledBy, actor.Name), cancellationToken);
        await dispatch.CancelAsync([(terminal.DeviceId, terminal.Id)], cancellationToken);
    }

    private static string Chosen(CreateTerminal request)
    {
        (bool IsChosen, string Field)[] all =
        [
            (request.User is not null, "user"), (request.Shell is not null, "shell"), (request.WorkingDirectory is not null, "workingDirectory"),
            (request.Argv is not null, "argv"), (request.Environment is { Count: > 0 }, "environment"),
        ];
        return string.Join(", ", all.Where(f => f.IsChosen).Select(f => f.Field));
    }

    private static Dictionary<string, string>? Merge(IReadOnlyDictionary<string, string> policy, IReadOnlyDictionary<string, string>? asked)
    {
        var all = new Dictionary<string, string>(policy, StringComparer.Ordinal);
        foreach (var (name, value) in asked ?? new Dictionary<string, string>())
        {
            all[name] = value;
        }

        return all.Count > 0 ? all : null;
    }

    private async Task StoreAsync(Actor actor, Run run, Execution execution, Terminal terminal, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RunTables.InsertAsync(db, run, [execution], cancellationToken);
        db.Add(terminal);
        db.Publish(TerminalRecords.Event(EventTypes.TerminalOpened, actor, terminal));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
