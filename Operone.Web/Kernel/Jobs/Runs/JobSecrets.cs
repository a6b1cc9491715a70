using Microsoft.AspNetCore.DataProtection;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Data;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>Seals the secrets that a job is run with, each for its own run, and opens them.</summary>
internal sealed class JobSecrets(IDataProtectionProvider protection)
{
    private readonly IDataProtector _runs = protection.CreateProtector("Operone.JobRun");

    /// <summary>As they are stored; null for none.</summary>
    public byte[]? Seal(Guid runId, IReadOnlyDictionary<string, string> secrets) =>
        secrets.Count == 0 ? null : _runs.Seal(runId, secrets.ToDictionary());

    /// <summary>What a run was made with; null where the key that sealed it is gone.</summary>
    public BoundParameters? Open(JobRun run)
    {
        if (run.SealedSecrets is not { } data)
        {
            return new(run.Parameters, new Dictionary<string, string>());
        }

        return _runs.Open<Dictionary<string, string>>(run.Id, data) is { } secrets ? new(run.Parameters, secrets) : null;
    }
}
