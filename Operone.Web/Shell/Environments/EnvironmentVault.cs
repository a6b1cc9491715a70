using Microsoft.AspNetCore.DataProtection;
using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Shell.Environments;

/// <summary>
/// Seals what environments keep secret with Data Protection, and opens it. Each is sealed for its own row: what is copied into
/// another one in the database does not open there.
/// </summary>
internal sealed class EnvironmentVault(IDataProtectionProvider protection)
{
    private readonly IDataProtector _environments = protection.CreateProtector("Operone.Environment");
    private readonly IDataProtector _runs = protection.CreateProtector("Operone.RunEnvironment");

    /// <summary>An environment's secrets as they are stored.</summary>
    public byte[] Seal(Guid id, IReadOnlyDictionary<string, string> secrets) => _environments.Seal(id, secrets);

    /// <summary>An environment's secrets; null where the key that sealed them is gone.</summary>
    public Dictionary<string, string>? Open(RunEnvironment environment) =>
        _environments.Open<Dictionary<string, string>>(environment.Id, environment.Secrets);

    /// <summary>A run's variables as they are stored; null for none.</summary>
    public byte[]? SealRun(Guid runId, RunVariables? variables) => variables is null ? null : _runs.Seal(runId, variables);

    /// <summary>A run's variables; null where it has none, or the key that sealed them is gone.</summary>
    public RunVariables? OpenRun(Run run) => run.SealedEnvironment is { } data ? _runs.Open<RunVariables>(run.Id, data) : null;

    /// <summary>What a run's environments made, as people are shown it; null where it has none.</summary>
    public AppliedEnvironment? Applied(Run run) => run.SealedEnvironment is null ? null
        : OpenRun(run)?.ToView() ?? new(run.Request.Environments ?? [], new Dictionary<string, string>(), []);
}
