using Microsoft.Extensions.Options;

namespace Operone.Web.Kernel.Alerts;

/// <summary>Options of alerts, at the key <c>Operone:Alerts</c>.</summary>
internal sealed class AlertOptions
{
    public const string Section = "Operone:Alerts";

    /// <summary>
    /// For how long after a node took over the watch no device counts as offline, in seconds, 0 to 3600: agents are coming back then.
    /// </summary>
    public int GraceSeconds { get; set; } = 90;

    /// <summary>How often it is looked, in milliseconds, 100 to 60,000.</summary>
    public int LookMilliseconds { get; set; } = 2000;
}

/// <summary>Says what is wrong with the options, by key.</summary>
internal sealed class AlertOptionsValidation : IValidateOptions<AlertOptions>
{
    public ValidateOptionsResult Validate(string? name, AlertOptions options)
    {
        var wrong = new List<string>();
        if (options.GraceSeconds is < 0 or > 3600)
        {
            wrong.Add($"{AlertOptions.Section}:GraceSeconds: {options.GraceSeconds} is not 0 to 3600");
        }

        if (options.LookMilliseconds is < 100 or > 60_000)
        {
            wrong.Add($"{AlertOptions.Section}:LookMilliseconds: {options.LookMilliseconds} is not 100 to 60000");
        }

        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
