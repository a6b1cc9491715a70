using Microsoft.Extensions.Options;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>Options of jobs, at the key <c>Operone:Jobs</c>.</summary>
internal sealed class JobRunOptions
{
    public const string Section = "Operone:Jobs";

    /// <summary>
    /// How long runs of jobs, the runs of their steps and their output are kept after their end, in days, 0 to 36500; 0 for ever. Those of instances of
    /// workloads are, too.
    /// </summary>
    public int RunDays { get; set; } = 90;
}

/// <summary>Says what is wrong with the options, by key.</summary>
internal sealed class JobRunOptionsValidation : IValidateOptions<JobRunOptions>
{
    public ValidateOptionsResult Validate(string? name, JobRunOptions options) =>
        options.RunDays is >= 0 and <= 36_500 ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"{JobRunOptions.Section}:RunDays: must be 0 (for ever) to 36500, is {options.RunDays}");
}
