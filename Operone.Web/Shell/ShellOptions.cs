using Microsoft.Extensions.Options;

namespace Operone.Web.Shell;

/// <summary>Options of the room Shell, at the key <c>Operone:Shell</c>.</summary>
internal sealed class ShellOptions
{
    public const string Section = "Operone:Shell";

    /// <summary>How long recordings of terminals are kept after their end, in days, 0 to 36500; 0 for ever.</summary>
    public int RecordingDays { get; set; } = 90;

    /// <summary>How long runs of commands and pipelines are kept after their end, with what they printed, in days, 0 to 36500; 0 for ever.</summary>
    public int RunDays { get; set; } = 365;

    /// <summary>How long a terminal goes on with nobody attached where no policy says so, in hours, 0.1 to 720.</summary>
    public double TerminalIdleHours { get; set; } = 24;
}

internal sealed class ShellOptionsValidation : IValidateOptions<ShellOptions>
{
    public ValidateOptionsResult Validate(string? name, ShellOptions options)
    {
        var problems = new List<string>();
        if (options.RecordingDays is < 0 or > 36_500)
        {
            problems.Add($"{ShellOptions.Section}:RecordingDays: must be 0 (for ever) to 36500, is {options.RecordingDays}");
        }

        if (options.RunDays is < 0 or > 36_500)
        {
            problems.Add($"{ShellOptions.Section}:RunDays: must be 0 (for ever) to 36500, is {options.RunDays}");
        }

        if (!(options.TerminalIdleHours is >= 0.1 and <= 720))
        {
            problems.Add(FormattableString.Invariant($"{ShellOptions.Section}:TerminalIdleHours: must be 0.1 to 720 hours, is {options.TerminalIdleHours}"));
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
