using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Channels;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell.Environments;
using Operone.Web.Shell.Sandbox;

namespace Operone.Web.Shell.Pipelines;

/// <summary>A pipeline that is called for by a lower room, in the name of somebody who asked for something else.</summary>
/// <param name="Permission">The permission that it takes on each device.</param>
/// <param name="RunId">The id that its run gets.</param>
/// <param name="RunAs">The user on the devices; null for what the sandbox says.</param>
/// <param name="Secrets">Variables of all stages that are masked in outputs and stored sealed. They win over those of environments.</param>
internal sealed record PipelineCall(string Permission, Guid RunId, string? RunAs, IReadOnlyDictionary<string, string> Secrets);

/// <summary>The use cases of pipelines across devices: one run, an execution a stage, its output the next one's input.</summary>
internal sealed class PipelineService(
    IDbContextFactory<OperoneDb> databases, DeviceDirectory devices, DeviceSight sight, RunStart starts, RunReader reader,
    RunRecords records, SandboxChoice sandboxes, EnvironmentUse environments, EnvironmentVault vault, StepUp stepUp, PipelineJoiner joiner, TimeProvider time)
{
    private const string Action = "pipeline.create";

    private static readonly Dictionary<string, string> NoVariables = [];

    /// <summary>Makes one. All its devices must be connected, and the actor must be allowed to run commands on each.</summary>
    public Task<Result<RunView>> CreateAsync(Actor actor, CreatePipeline request, CancellationToken cancellationToken) =>
        CreateAsync(actor, request, null, cancellationToken);

    /// <summary>The same for a lower room.</summary>
    public async Task<Result<RunView>> CreateAsync(Actor actor, CreatePipeline request, PipelineCall? call, CancellationToken cancellationToken)
    {
        var (summary, permission) = (PipelineLimits.Summary(request), call?.Permission ?? Permissions.RunsCreate);
        if (actor.Lacks(permission) is { } lacks)
        {
            await records.DeniedAsync(actor, Action, summary, lacks, cancellationToken);
            return lacks;
        }

        if (PipelineLimits.Check(request) is { } invalid)
        {
            return invalid;
        }

        var prepared = await PrepareAsync(actor, request, permission, call, cancellationToken);
        if (prepared.Error is { } refused)
        {
            if (refused.Kind == ErrorKind.Forbidden)
            {
                await records.DeniedAsync(actor, Action, summary, refused, cancellationToken);
            }

            return refused;
        }

        var (stages, target, variables, sandbox) = prepared.Value;
        var (run, executions) = Make(actor, request, stages, variables, sandbox, summary, call?.RunId);
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await RunTables.InsertAsync(db, run, executions, cancellationToken);
            db.Publish(RunRecords.Created(actor, run, target.Devices.Count));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        // From here on it is accepted: who asked may leave, the pipeline goes on.
        await starts.BeginAsync(run, executions, CancellationToken.None);
        joiner.Add(new(actor, run.Id, executions));
        await records.CreatedAsync(actor, run, target, CancellationToken.None);
        return RunReader.View(run, executions) with { AppliedEnvironment = variables?.ToView() };
    }

    /// <summary>One that the actor sees.</summary>
    public async Task<Result<RunView>> GetAsync(Actor actor, Guid id, TimeSpan patience, CancellationToken cancellationToken)
    {
        var run = patience > TimeSpan.Zero ? await reader.WaitAsync(actor, id, patience, cancellationToken) : await reader.GetAsync(actor, id, cancellationToken);
        return !run.IsError && run.Value.Request!.Stages is null ? RunErrors.NotFound(id.ToString()) : run;
    }

    private async Task<Result<Prepared>> PrepareAsync(
        Actor actor, CreatePipeline request, string permission, PipelineCall? call, CancellationToken cancellationToken)
    {
        var (stages, all, grants) = (new List<DeviceEntry>(), new List<DeviceEntry>(), new Dictionary<Guid, int>());
        foreach (var stage in request.Stages!)
        {
            var resolved = sight.Resolve(actor, new RunTarget([stage.Device!]), permission);
            if (resolved.IsError)
            {
                return resolved.Error!;
            }

            var device = resolved.Value.Devices[0];
            if (!devices.IsOnline(device.Id))
            {
                return ChannelErrors.DeviceOffline(device.Name);
            }

            stages.Add(device);
            if (!all.Exists(d => d.Id == device.Id))
            {
                all.Add(device);
                foreach (var (grant, count) in resolved.Value.Grants)
                {
                    grants[grant] = grants.GetValueOrDefault(grant) + count;
                }
            }
        }

        var with = await environments.ResolveAsync(actor, new CreateRun { Environments = request.Environments }, new TargetedDevices(all, [], grants), cancellationToken);
        if (with.IsError)
        {
            return with.Error!;
        }

        if (call is null && await stepUp.RequireForRunAsync(actor, all.Count, cancellationToken) is { } untouched)
        {
            return untouched;
        }

        var sandbox = await sandboxes.ResolveAsync(actor, request.Sandbox, call?.RunAs, cancellationToken);
        return sandbox.IsError ? sandbox.Error! : new Prepared(stages, with.Value.Target, RunVariables.With(with.Value.Variables, null, NoVariables, call?.Secrets ?? NoVariables), sandbox.Value);
    }

    private (Run Run, List<Execution> Executions) Make(
        Actor actor, CreatePipeline request, IReadOnlyList<DeviceEntry> stages, RunVariables? variables, ChosenSandbox sandbox, string summary, Guid? given)
    {
        var now = time.GetUtcNow();
        var id = given ?? Guid.CreateVersion7(now);
        var run = new Run
        {
            Id = id,
            Kind = RunKind.Pipeline,
            Status = RunStatus.Running,
            Request = new CreateRun
            {
                Stages = request.Stages,
                Target = new RunTarget([.. stages.Select(s => s.Name).Distinct()]),
                Stdin = request.Stdin,
                TimeoutSeconds = request.TimeoutSeconds,
                OutputLimitBytes = request.OutputLimitBytes,
                Sandbox = sandbox.Name,
                Environments = request.Environments,
            },
            Sandbox = sandbox.Spec,
            SealedEnvironment = vault.SealRun(id, variables),
            Summary = summary,
            CreatedBy = actor.Name,
            CreatedById = actor.Id,
            CreatedAt = now,

            // a stage that comes late finds the others gone
            ExpiresAt = now + ExecutionDispatch.TerminalPatience,
        };
        var executions = stages.Select((device, stage) => new Execution
        {
            Id = Guid.CreateVersion7(now),
            RunId = id,
            DeviceId = device.Id,
            DeviceName = device.Name,
            Stage = stage,
            Status = ExecutionStatus.Starting,
        }).ToList();
        return (run, executions);
    }

    private sealed record Prepared(IReadOnlyList<DeviceEntry> Stages, TargetedDevices Target, RunVariables? Variables, ChosenSandbox Sandbox);
}
