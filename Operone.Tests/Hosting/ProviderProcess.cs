using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Operone.Tests.Architecture;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>Who signs in at the provider next, and what goes wrong with it.</summary>
internal sealed record ProviderAccount(string Sub, string? Email, bool Verified = true, string? Name = null, string? Mode = null);

/// <summary>An OpenID Connect provider in a process of its own (Hosting/Provider), for all tests of a class.</summary>
public sealed class ProviderProcess : IAsyncLifetime
{
    private Process? _process;
    private HttpClient? _client;

    /// <summary>Its issuer, without a slash at the end.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Does not follow its redirects.</summary>
    public HttpClient Client => _client ?? throw new InvalidOperationException("The provider does not run.");

    public async ValueTask InitializeAsync()
    {
        // The build installed its packages beside the source.
        var folder = Path.Combine(SourceTree.Root, "Operone.Tests", "Hosting", "Provider");
        _process = Process.Start(new ProcessStartInfo("node", ["provider.mjs"])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("The provider could not be started.");
        Url = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The provider did not start; is npm ci done in {folder}?");
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(Url) };
    }

    /// <summary>Says who signs in next; what was asked before is forgotten.</summary>
    internal async Task SetAsync(ProviderAccount account)
    {
        using var response = await Client.PostAsJsonAsync("/control", account, JsonSerializerOptions.Web, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>What was asked since: <c>authorize</c> and <c>token</c> with their parameters.</summary>
    public async Task<IReadOnlyList<(string Path, JsonElement Values)>> AskedAsync() =>
        [.. (await Client.GetFromJsonAsync<JsonElement>("/control", TestContext.Current.CancellationToken)).EnumerateArray()
            .Select(a => (a.GetProperty("path").GetString()!, a.GetProperty("values")))];

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_process is not null)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
