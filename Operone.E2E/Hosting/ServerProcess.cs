using System.Diagnostics;
using System.Net;

namespace Operone.E2E.Hosting;

/// <summary>The control plane as a real process, with data of its own, on a loopback port of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    public const string OwnerEmail = "owner@example.org";
    public const string OwnerPassword = "a long walk by the river 42";
    public const string ApiToken = "op_for-tests-only-0123456789abcdefghijklmnop";

    private readonly bool _owner;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private ChildProcess? _process;

    /// <param name="folder">A folder of its own: the data and the log.</param>
    /// <param name="owner">Whether the owner and an API token are there from the start.</param>
    /// <param name="settings">More environment variables.</param>
    public ServerProcess(string folder, bool owner = true, IReadOnlyDictionary<string, string>? settings = null)
    {
        Folder = folder;
        _owner = owner;
        _settings = settings ?? new Dictionary<string, string>();
        Port = Published.FreePort();
        Url = $"http://127.0.0.1:{Port}";
        // Keep-alive, and no look at proxies: this is what a client that means it does.
        Http = new(new SocketsHttpHandler { UseProxy = false, AutomaticDecompression = DecompressionMethods.None, MaxConnectionsPerServer = 512 })
        {
            BaseAddress = new(Url),
            Timeout = TimeSpan.FromMinutes(5),
            DefaultRequestHeaders = { Authorization = new("Bearer", ApiToken) },
        };
        Api = new(Http);
    }

    public string Folder { get; }

    public int Port { get; }

    public string Url { get; }

    public HttpClient Http { get; }

    public ApiClient Api { get; }

    public string LogFile => Path.Combine(Folder, "server.log");

    /// <summary>How much of the machine's memory it has now.</summary>
    public long MemoryBytes
    {
        get
        {
            using var process = System.Diagnostics.Process.GetProcessById(ProcessId);
            return process.WorkingSet64;
        }
    }

    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("The server is not running.");

    /// <summary>Starts it and waits until it is ready. Returns how long that took.</summary>
    public async Task<TimeSpan> StartAsync(CancellationToken cancellationToken, string readyPath = "/health/ready")
    {
        var clock = Stopwatch.StartNew();
        Spawn();
        await WaitUntilReadyAsync(readyPath, cancellationToken);
        return clock.Elapsed;
    }

    /// <summary>Starts it.</summary>
    public void Spawn()
    {
        var environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = Url,
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Operone__DataDirectory"] = Path.Combine(Folder, "data"),
            // All devices and browsers of a journey have this machine's address.
            ["Operone__RateLimitScale"] = "1000",
        };
        if (_owner)
        {
            environment["Operone__Setup__OwnerEmail"] = OwnerEmail;
            environment["Operone__Setup__OwnerPassword"] = OwnerPassword;
            environment["Operone__Setup__ApiToken"] = ApiToken;
        }

        foreach (var (name, value) in _settings)
        {
            environment[name] = value;
        }

        _process = ChildProcess.Start("dotnet", [Path.Combine(Published.Web, "operone-web.dll")], LogFile, environment, Published.Web);
    }

    /// <summary>Waits until a page answers.</summary>
    public async Task WaitUntilReadyAsync(string path, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(90))
        {
            if (_process!.HasEnded)
            {
                throw new InvalidOperationException($"The server ended at its start:\n{_process.LogTail()}");
            }

            try
            {
                using var response = await Http.GetAsync(path, cancellationToken);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(10, cancellationToken);
        }

        throw new TimeoutException($"The server was not ready in 90 s:\n{_process!.LogTail()}");
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        await _process!.KillAsync();
        await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>Asks it to end, and waits. Returns whether it did so by itself.</summary>
    public async Task<bool> StopAsync()
    {
        var ended = await _process!.StopAsync(TimeSpan.FromSeconds(20));
        await _process.DisposeAsync();
        _process = null;
        return ended;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }
}
