using System.Globalization;
using System.Net.Http.Headers;

namespace Operone.Tests.Hosting;

/// <summary>A node as a process of its own, which a test can kill as a crash does. The database and the Redis are shared with others.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    /// <summary>The published control plane that <c>OPERONE_WEB</c> names, as people get it, else this build's.</summary>
    private static readonly string Program = Path.Combine(
        Environment.GetEnvironmentVariable("OPERONE_WEB") is { Length: > 0 } published ? Path.GetFullPath(published) : AppContext.BaseDirectory, "operone-web.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("operone-node-").FullName;
    private readonly Dictionary<string, string> _settings;
    private KeptProcess? _process;

    private NodeProcess(Dictionary<string, string> settings)
    {
        _settings = settings;
        Url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}");
        Owner = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero }) { BaseAddress = new(Url), Timeout = TimeSpan.FromMinutes(3) };
        Owner.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OperoneServer.OwnerToken);
    }

    public int Port { get; } = PostgresServer.FreePort();

    public string Url { get; }

    /// <summary>With the owner's API token. Each request has a connection of its own: one to a node that was killed is of no use.</summary>
    public HttpClient Owner { get; }

    /// <summary>What it has said since it was started last.</summary>
    public string Log => _process?.Log ?? "";

    /// <summary>Starts one, and waits until it is ready.</summary>
    /// <param name="settings">Its environment variables besides.</param>
    public static async Task<NodeProcess> StartAsync(Dictionary<string, string> settings)
    {
        var node = new NodeProcess(settings);
        if (!settings.ContainsKey("ConnectionStrings__Operone"))
        {
            await PreparedSqlite.CopyAsync(Path.Combine(node._folder, "operone.db"));
        }

        await node.StartAgainAsync();
        return node;
    }

    /// <summary>Starts it on the same address.</summary>
    public async Task StartAgainAsync()
    {
        var environment = new Dictionary<string, string>(_settings)
        {
            ["ASPNETCORE_URLS"] = Url,
            ["Operone__DataDirectory"] = _folder,
            ["Operone__RateLimitScale"] = "1000",
            ["Operone__Webhooks__AllowedNetworks"] = "127.0.0.0/8",
            ["Operone__Node__Address"] = Url,
            ["Operone__Setup__OwnerEmail"] = OperoneServer.OwnerEmail,
            ["Operone__Setup__OwnerPassword"] = OperoneServer.OwnerPassword,
            ["Operone__Setup__ApiToken"] = OperoneServer.OwnerToken,
        };
        _process = await KeptProcess.StartAsync(
            Path.Combine(_folder, "node.log"), Port,
            ["env", .. environment.Select(e => $"{e.Key}={e.Value}"), "dotnet", Program]);
        await Eventually.BecomesAsync(IsReadyAsync, "the node is ready", 60);
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Owner.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // a connection of the one before, that was killed
            return false;
        }
    }

    /// <summary>SIGKILL.</summary>
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
        Owner.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
