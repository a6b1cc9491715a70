using Microsoft.Extensions.Options;

namespace Operone.Web.Hosting;

/// <summary>Options of the node as a whole, at the key <c>Operone</c>. Each room's own options are in its room.</summary>
internal sealed class OperoneOptions
{
    public const string Section = "Operone";

    /// <summary>Where the embedded database and everything else that the node keeps lives. Made where it does not exist.</summary>
    public string DataDirectory { get; set; } = ".operone";

    /// <summary>Where the agents lie that the node serves: a folder for each runtime identifier, with the file <c>operone</c> in it.</summary>
    public string? AgentsDirectory { get; set; }

    /// <summary>The address at which people and agents reach this installation, where it is not the one they asked for.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>The whole path of the data directory.</summary>
    public string DataPath => string.IsNullOrWhiteSpace(DataDirectory) ? "" : Path.GetFullPath(DataDirectory);
}

/// <summary>Says everything that is wrong with the node's options at once, by key.</summary>
internal sealed class OperoneOptionsValidation : IValidateOptions<OperoneOptions>
{
    public ValidateOptionsResult Validate(string? name, OperoneOptions options)
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
        {
            problems.Add($"{OperoneOptions.Section}:DataDirectory: is empty");
        }
        else if (File.Exists(options.DataPath))
        {
            problems.Add($"{OperoneOptions.Section}:DataDirectory: '{options.DataPath}' is a file, not a folder");
        }

        if (options.AgentsDirectory is { Length: > 0 } agents && !Directory.Exists(agents))
        {
            problems.Add($"{OperoneOptions.Section}:AgentsDirectory: there is no folder '{Path.GetFullPath(agents)}'");
        }

        if (options.PublicUrl is { Length: > 0 } url && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            problems.Add($"{OperoneOptions.Section}:PublicUrl: '{url}' is not an http or https address");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
