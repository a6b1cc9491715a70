using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Operone.Web.Access;

/// <summary>The accounts elsewhere that people can sign in with, at the key <c>Operone:SignIn</c>.</summary>
internal sealed class ExternalOptions
{
    public const string Section = "Operone:SignIn";

    /// <summary>Google, where it has a client.</summary>
    public ExternalClient Google { get; set; } = new();

    /// <summary>GitHub, or a GitHub Enterprise Server, where it has a client.</summary>
    public GitHubClient GitHub { get; set; } = new();

    /// <summary>OpenID Connect providers, by number from 0.</summary>
    public IList<OpenIdConnectClient> OpenIdConnect { get; set; } = [];

    /// <summary>
    /// The domains of the verified e-mails that may sign in by an account elsewhere, as a list or joined by commas; none for any.
    /// </summary>
    public IList<string> AllowedDomains { get; set; } = [];
}

/// <summary>What a provider knows this installation by.</summary>
internal class ExternalClient
{
    public string? ClientId { get; set; }

    public string? ClientSecret { get; set; }

    /// <summary>Whether anything of it is set.</summary>
    public bool IsGiven => !string.IsNullOrEmpty(ClientId) || !string.IsNullOrEmpty(ClientSecret);
}

/// <inheritdoc/>
internal sealed class GitHubClient : ExternalClient
{
    /// <summary>Where people sign in; another for a GitHub Enterprise Server.</summary>
    public string Url { get; set; } = "https://github.com";

    /// <summary>Where its API is; for a GitHub Enterprise Server <c>https://HOST/api/v3</c>.</summary>
    public string ApiUrl { get; set; } = "https://api.github.com";
}

/// <inheritdoc/>
internal sealed class OpenIdConnectClient : ExternalClient
{
    /// <summary>Its name in addresses and the audit trail: <c>keycloak</c>. What is linked is linked to this name.</summary>
    public string? Name { get; set; }

    /// <summary>Its name on buttons; the name where there is none.</summary>
    public string? Title { get; set; }

    /// <summary>Its issuer: <c>ISSUER/.well-known/openid-configuration</c> describes it.</summary>
    public string? Issuer { get; set; }
}

/// <summary>Takes the domains as one text with commas too.</summary>
internal sealed class ExternalOptionsLists(IConfiguration configuration) : IPostConfigureOptions<ExternalOptions>
{
    public void PostConfigure(string? name, ExternalOptions options) => ReadDomains(configuration, options);

    public static void ReadDomains(IConfiguration configuration, ExternalOptions options)
    {
        if (configuration[$"{ExternalOptions.Section}:{nameof(options.AllowedDomains)}"] is { Length: > 0 } text)
        {
            options.AllowedDomains = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }
    }
}

/// <summary>Says everything that is wrong with the providers at once, by key.</summary>
internal sealed partial class ExternalOptionsValidation : IValidateOptions<ExternalOptions>
{
    private readonly List<string> _problems = [];

    public ValidateOptionsResult Validate(string? name, ExternalOptions options)
    {
        _problems.Clear();
        if (options.Google.IsGiven)
        {
            CheckClient("Google", options.Google);
        }

        if (options.GitHub.IsGiven)
        {
            CheckClient("GitHub", options.GitHub);
            CheckAddress("GitHub:Url", options.GitHub.Url);
            CheckAddress("GitHub:ApiUrl", options.GitHub.ApiUrl);
        }

        var names = new HashSet<string>(StringComparer.Ordinal) { ExternalProviders.Google, ExternalProviders.GitHub };
        for (var i = 0; i < options.OpenIdConnect.Count; i++)
        {
            var (key, provider) = ($"OpenIdConnect:{i}", options.OpenIdConnect[i]);
            CheckClient(key, provider);
            CheckAddress($"{key}:Issuer", provider.Issuer);
            Add(provider.Name is null || !Slug().IsMatch(provider.Name), $"{key}:Name", $"'{provider.Name}' is not a name of 1 to 30 small letters, digits and hyphens");
            Add(provider.Name is not null && !names.Add(provider.Name), $"{key}:Name", $"'{provider.Name}' is taken by another provider");
            Add(provider.Title is { Length: > 50 }, $"{key}:Title", "has more than 50 characters");
        }

        for (var i = 0; i < options.AllowedDomains.Count; i++)
        {
            var domain = options.AllowedDomains[i];
            Add(!SetupOptionsValidation.IsEmail($"somebody@{domain}"), $"AllowedDomains:{i}", $"'{domain}' is not a domain such as example.org");
        }

        return _problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail([.. _problems]);
    }

    private void CheckClient(string key, ExternalClient client)
    {
        Add(string.IsNullOrWhiteSpace(client.ClientId), $"{key}:ClientId", "is missing");
        Add(string.IsNullOrWhiteSpace(client.ClientSecret), $"{key}:ClientSecret", "is missing");
    }

    // The client's secret and people's tokens go there: in clear to this machine alone.
    private void CheckAddress(string key, string? address) => Add(
        !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))),
        key, $"'{address}' is not an https address");

    private void Add(bool wrong, string key, string problem)
    {
        if (wrong)
        {
            _problems.Add($"{ExternalOptions.Section}:{key}: {problem}");
        }
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,29}$")]
    private static partial Regex Slug();
}
