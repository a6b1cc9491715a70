using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>
/// What a yes is bound to: the content of the job and of those that it calls as they stand, the parameters of the run, and the devices that its target means now. It is made again
/// whenever it matters, so that a change of either is seen, whoever made it and however.
/// </summary>
internal sealed class ApprovalContent(IDbContextFactory<OperoneDb> databases, JobDevices devices, CurrentStanding standing)
{
    /// <summary>The SHA-256 of it in hexadecimal; null where the job or its devices are gone.</summary>
    public async Task<string?> HashAsync(JobRun run, int? step, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var job = await db.Set<Job>().SingleOrDefaultAsync(j => j.Id == run.JobId, cancellationToken);
        var actor = await standing.ActorAsync(run.CreatedById, run.CreatedBy, cancellationToken);
        var meant = await DevicesAsync(actor, run, cancellationToken);
        return job is null || meant.IsError ? null
            : Hash(job.Version, job.Definition, await CalledJob.OfAsync(db, job.Name, job.Definition, cancellationToken), run.Parameters, run.SecretNames, meant.Value, step);
    }

    /// <summary>The devices that a run's target means now: those on which its environments may be used, as when it was made.</summary>
    public async Task<Result<IReadOnlyList<DeviceEntry>>> DevicesAsync(Actor actor, JobRun run, CancellationToken cancellationToken)
    {
        var isDone = !run.Definition.Steps!.Skip(JobRunMachine.PhasesOf(run.Definition)[run.Phase].Last + 1).Any(JobRules.IsForDevices);
        var meant = await devices.ResolveAsync(actor, run.Target, run.Definition, cancellationToken, withCordoned: run.RetryOf is not null && isDone);
        return meant.IsError ? meant.Error! : meant.Value.Devices.ToArray();
    }

    /// <summary>The jobs that a run calls, with their versions: it must still be these when one of them is called.</summary>
    public static string HashOf(IReadOnlyList<CalledJob> called) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', called.OrderBy(c => c.Id).Select(c => $"{c.Id} {c.Version}")))));

    /// <summary>The same for a run that is being made.</summary>
    public static string Hash(
        int version, JobDefinition definition, IReadOnlyList<CalledJob> called, IReadOnlyDictionary<string, string> parameters, IReadOnlyList<string> secrets,
        IEnumerable<DeviceEntry> devices, int? step)
    {
        var text = new StringBuilder();
        text.Append(version).Append('\n').Append(JsonSerializer.Serialize(definition, OperoneJson.Default.JobDefinition)).Append('\n').Append(step).Append('\n');
        foreach (var job in called.OrderBy(c => c.Id))
        {
            text.Append(job.Id).Append(' ').Append(job.Version).Append('\n');
        }

        foreach (var (name, value) in parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            text.Append(name).Append('=').Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(value))).Append('\n');
        }

        text.AppendJoin(',', secrets.Order(StringComparer.Ordinal)).Append('\n').AppendJoin('\n', devices.Select(d => d.Id).Order());
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
