using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>Options of passkeys, at the key <c>Operone:Passkeys</c>. Without them, what people see in their address bar counts.</summary>
internal sealed class PasskeysOptions
{
    public const string Section = "Operone:Passkeys";

    /// <summary>
    /// The domain that passkeys belong to (WebAuthn's RP ID): a passkey is good on it and below it, and nowhere else. Null for the host
    /// of <see cref="OperoneOptions.PublicUrl"/>, else the one that was asked. Changing it makes every passkey useless.
    /// </summary>
    public string? Domain { get; set; }

    /// <summary>
    /// The origins on which passkeys may be used, as a list or joined by commas; each on the domain or below it. None for that of
    /// <see cref="OperoneOptions.PublicUrl"/>, else the one that was asked.
    /// </summary>
    public IList<string> AllowedOrigins { get; set; } = [];
}

/// <summary>Takes the origins as one text with commas too.</summary>
internal sealed class PasskeysOptionsLists(IConfiguration configuration) : IPostConfigureOptions<PasskeysOptions>
{
    public void PostConfigure(string? name, PasskeysOptions options)
    {
        if (configuration[$"{PasskeysOptions.Section}:{nameof(options.AllowedOrigins)}"] is { Length: > 0 } text)
        {
            options.AllowedOrigins = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }
    }
}

/// <summary>Says everything that is wrong with the options of passkeys at once, by key.</summary>
internal sealed class PasskeysOptionsValidation(IOptions<OperoneOptions> node) : IValidateOptions<PasskeysOptions>
{
    public ValidateOptionsResult Validate(string? name, PasskeysOptions options)
    {
        var problems = new List<string>();
        if (options.Domain is { Length: > 0 } given && !IsDomain(given))
        {
            problems.Add($"{PasskeysOptions.Section}:Domain: '{given}' is not a domain such as ops.example.org: no scheme, no port, no address of numbers");
        }

        var domain = options.Domain is { Length: > 0 } ? options.Domain : PasskeyDomain.HostOf(node.Value.PublicUrl);
        foreach (var text in options.AllowedOrigins)
        {
            if (Origin.Parse(text) is not { } origin)
            {
                problems.Add($"{PasskeysOptions.Section}:AllowedOrigins: '{text}' is not an origin, such as https://ops.example.org");
            }
            else if (domain is not null && IsDomain(domain) && !PasskeyDomain.Covers(domain, origin.Host))
            {
                problems.Add($"{PasskeysOptions.Section}:AllowedOrigins: '{text}' is not on the domain '{domain}' or below it, so that browsers would refuse its passkeys");
            }
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static bool IsDomain(string text) =>
        text.Length <= 253 && Uri.CheckHostName(text) == UriHostNameType.Dns && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') && text[^1] != '.';
}

/// <summary>To which domain passkeys belong, and on which origins they are good.</summary>
internal sealed class PasskeyDomain(IOptions<PasskeysOptions> options, IOptions<OperoneOptions> node) : IConfigureOptions<IdentityPasskeyOptions>
{
    private readonly string? _domain = options.Value.Domain is { Length: > 0 } domain ? domain.ToLowerInvariant() : HostOf(node.Value.PublicUrl);
    private readonly HashSet<Origin> _origins = Allowed(options.Value, node.Value);

    /// <summary>The domain for a request; null where it is no domain: at an address of numbers browsers have no passkeys.</summary>
    public string? For(HttpRequest request)
    {
        var host = _domain ?? request.Host.Host;
        return host.Length == 0 || IPAddress.TryParse(host.Trim('[', ']'), out _) ? null : host;
    }

    public void Configure(IdentityPasskeyOptions passkeys)
    {
        passkeys.ServerDomain = _domain;
        passkeys.UserVerificationRequirement = "required";
        passkeys.ResidentKeyRequirement = "required";
        passkeys.AttestationConveyancePreference = "none";
        passkeys.AuthenticatorTimeout = PasskeyState.Lifetime;
        passkeys.ValidateOrigin = context => ValueTask.FromResult(IsAllowed(context));
    }

    /// <summary>Whether a host is the domain or below it.</summary>
    public static bool Covers(string domain, string host) =>
        host.Equals(domain, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase);

    internal static string? HostOf(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Host.Length > 0 ? uri.IdnHost.ToLowerInvariant() : null;

    private bool IsAllowed(PasskeyOriginValidationContext context)
    {
        // A page in somebody else's frame is no place to be asked for a passkey.
        if (context.CrossOrigin || Origin.Parse(context.Origin) is not { } origin)
        {
            return false;
        }

        return _origins.Count > 0 ? _origins.Contains(origin) : origin == Origin.Of(context.HttpContext.Request);
    }

    private static HashSet<Origin> Allowed(PasskeysOptions options, OperoneOptions node)
    {
        var origins = options.AllowedOrigins.Select(Origin.Parse).OfType<Origin>().ToHashSet();
        if (origins.Count == 0 && Uri.TryCreate(node.PublicUrl, UriKind.Absolute, out var address))
        {
            origins.Add(Origin.Of(address));
        }

        return origins;
    }
}
