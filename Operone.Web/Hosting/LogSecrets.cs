namespace Operone.Web.Hosting;

/// <summary>What must not be logged, whatever the settings say.</summary>
internal static class LogSecrets
{
    // It logs each request with its whole query, and some have a secret there: the set-up code, an invitation, a sign-in's answer.
    private const string Requests = "Microsoft.AspNetCore.Hosting.Diagnostics";

    /// <summary>Silences the framework's log of whole addresses. Metrics, traces and our own lines tell of requests by their path.</summary>
    public static void KeepAddressesOutOfTheLog(this IServiceCollection services) => services.PostConfigure<LoggerFilterOptions>(filter =>
    {
        // A rule of a provider's own wins over one for all of them, so that each gets one.
        string?[] providers = [null, .. filter.Rules.Select(r => r.ProviderName).Where(p => p is not null).Distinct()];
        foreach (var rule in filter.Rules.Where(r => r.CategoryName?.StartsWith(Requests, StringComparison.OrdinalIgnoreCase) == true).ToArray())
        {
            filter.Rules.Remove(rule);
        }

        foreach (var provider in providers)
        {
            filter.Rules.Add(new(provider, Requests, LogLevel.None, null));
        }
    });
}
