using Microsoft.Extensions.Options;

namespace Operone.Web.Shell;

/// <summary>Options of the room Shell, at the key <c>Operone:Shell</c>.</summary>
internal sealed class ShellOptions
{
    public const string Section = "Operone:Shell";

    /// <summary>How long recordings of terminals are kept after their end, in days, 0 to 36500; 0 for ever.</summary>
    public int RecordingDays { get; set; } = 90;
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

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
