using Microsoft.Extensions.Options;

namespace Operone.Web.Channels;

/// <summary>Options of channels, at the key <c>Operone:Channels</c>.</summary>
internal sealed class ChannelsOptions
{
    public const string Section = "Operone:Channels";

    /// <summary>How many channels a device may have open at once, 1 to 4000.</summary>
    public int MaxPerDevice { get; set; } = 1000;

    /// <summary>How many channels a person (with all their tokens) may have open at once, 1 to 100,000.</summary>
    public int MaxPerPerson { get; set; } = 500;

    /// <summary>How long a channel may carry nothing before it is ended, in seconds; 0 for as long as it likes. A dead end is found out by pings in any case.</summary>
    public double IdleSeconds { get; set; }
}

/// <summary>Says everything that is wrong with the options at once, by key.</summary>
internal sealed class ChannelsOptionsValidation : IValidateOptions<ChannelsOptions>
{
    public ValidateOptionsResult Validate(string? name, ChannelsOptions options)
    {
        var problems = new List<string>();
        if (options.MaxPerDevice is < 1 or > 4000)
        {
            problems.Add($"{ChannelsOptions.Section}:MaxPerDevice: must be from 1 to 4000");
        }

        if (options.MaxPerPerson is < 1 or > 100_000)
        {
            problems.Add($"{ChannelsOptions.Section}:MaxPerPerson: must be from 1 to 100000");
        }

        if (!(options.IdleSeconds is >= 0 and <= 2_592_000))
        {
            problems.Add($"{ChannelsOptions.Section}:IdleSeconds: must be from 0 to 2592000 seconds");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
