using System.Globalization;
using System.Net.Http.Headers;
using Operone.Tests.Hosting;

namespace Operone.Tests.Web.Events.Webhooks;

/// <summary>A node as a real process, which can be killed as the machine would.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("operone-node-").FullName;
    private readonly Dictionary<string, string> _settings;
    private readonly int _port = PostgresServer.FreePort();
    private KeptProcess? _process;

    public NodeProcess(Dictionary<string, string> settings)
    {
        _settings = new(settings) { ["ASPNETCORE_URLS"] = Url, ["Operone__DataDirectory"] = _folder, ["Operone__Node__Address"] = Url };
        Http = new() { BaseAddress = new(Url) };
        // A connection to one that was killed is not used again.
        Http.DefaultRequestHeaders.ConnectionClose = true;
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OperoneServer.OwnerToken);
    }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}");

    /// <summary>With the owner's API token.</summary>
    public HttpClient Http { get; }

    /// <summary>What it has said.</summary>
    public string Log => _process?.Log ?? "";

    /// <summary>Starts it, and waits until it serves.</summary>
    public async Task StartAsync()
    {
        string[] common =
        [
            $"Operone__Setup__OwnerEmail={OperoneServer.OwnerEmail}", $"Operone__Setup__OwnerPassword={OperoneServer.OwnerPassword}",
            $"Operone__Setup__ApiToken={OperoneServer.OwnerToken}", "Operone__RateLimitScale=1000", "Operone__Webhooks__AllowedNetworks=127.0.0.0/8",
        ];
        _process = await KeptProcess.StartAsync(
            Path.Combine(_folder, "log"), _port, ["env", .. _settings.Select(s => $"{s.Key}={s.Value}"), .. common, "dotnet", Path.Combine(AppContext.BaseDirectory, "operone-web.dll")]);
    }

    /// <summary>Kills it with SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
