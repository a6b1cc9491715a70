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

    /// <summary>
    /// A folder whose files are settings: a file's name is the key (<c>ConnectionStrings__Operone</c>), its text the value. For what an
    /// orchestrator mounts, so that no secret is in the environment.
    /// </summary>
    public string? SecretsDirectory { get; set; }

    /// <summary>The address at which people and agents reach this installation, where it is not the one they asked for.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>
    /// The reverse proxies whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed: addresses and networks
    /// (<c>10.0.0.0/8</c>), as a list or joined by commas. None unless given: anybody can write such a header.
    /// </summary>
    public IList<string> Proxies { get; set; } = [];

    /// <summary>
    /// Other origins (<c>https://ops.example.org</c>) whose pages may open live connections and send forms here, as a list
    /// or joined by commas. Its own origin and that of <see cref="PublicUrl"/> always may.
    /// </summary>
    public IList<string> AllowedOrigins { get; set; } = [];

    /// <summary>Whether browsers are told to use HTTPS alone for every subdomain too.</summary>
    public bool HstsSubdomains { get; set; }

    /// <summary>How much is let through compared with the usual rate limits, for each address and account: 2 is twice as much.</summary>
    public double RateLimitScale { get; set; } = 1;

    /// <summary>The whole path of the data directory.</summary>
    public string DataPath => string.IsNullOrWhiteSpace(DataDirectory) ? "" : Path.GetFullPath(DataDirectory);
}

/// <summary>Takes lists as one text with commas too: an environment variable is easier written so.</summary>
internal sealed class OperoneOptionsLists(IConfiguration configuration) : IPostConfigureOptions<OperoneOptions>
{
    public void PostConfigure(string? name, OperoneOptions options)
    {
        var section = configuration.GetSection(OperoneOptions.Section);
        options.Proxies = Read(nameof(options.Proxies), options.Proxies);
        options.AllowedOrigins = Read(nameof(options.AllowedOrigins), options.AllowedOrigins);

        IList<string> Read(string key, IList<string> bound) => section[key] is { Length: > 0 } text
            ? text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            : bound;
    }
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

        if (options.SecretsDirectory is { Length: > 0 } secrets && !Directory.Exists(secrets))
        {
            problems.Add($"{OperoneOptions.Section}:SecretsDirectory: there is no folder '{Path.GetFullPath(secrets)}'");
        }

        if (options.PublicUrl is { Length: > 0 } url && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            problems.Add($"{OperoneOptions.Section}:PublicUrl: '{url}' is not an http or https address");
        }

        problems.AddRange(Hosting.Proxies.FindProblems(options.Proxies));
        problems.AddRange(Origin.FindProblems(options.AllowedOrigins));
        if (!(options.RateLimitScale is >= 0.1 and <= 1_000_000))
        {
            problems.Add($"{OperoneOptions.Section}:RateLimitScale: must be from 0.1 to 1000000");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
