using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Web.Data;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>On which database.</summary>
public enum Database
{
    Sqlite,
    Postgres,
}

/// <summary>
/// The whole node in the test process: real Kestrel on a free port of the loopback address, a database of its own, an
/// owner, and the owner's API token. It can be stopped and started again on the same address with the same data.
/// </summary>
public sealed class OperoneServer : IAsyncDisposable
{
    public const string OwnerEmail = "owner@example.org";
    public const string OwnerPassword = "quite-a-long-secret";
    public const string OwnerToken = "op_tests-owner-token-0123456789abcdefghij";

    private readonly string _folder = Directory.CreateTempSubdirectory("operone-tests-").FullName;

    /// <summary>What the node keeps lies there.</summary>
    public string DataDirectory => _folder;
    private readonly Dictionary<string, string?> _settings;
    private readonly Action<WebApplicationBuilder>? _configure;
    private WebApplication? _app;
    private string _url = $"http://127.0.0.1:{PostgresServer.FreePort()}";

    private OperoneServer(Dictionary<string, string?> settings, Action<WebApplicationBuilder>? configure) => (_settings, _configure) = (settings, configure);

    /// <summary>Where it listens, without a slash at the end.</summary>
    public string Url => _url;

    /// <summary>Its data directory.</summary>
    public string Folder => _folder;

    /// <summary>All that was logged, as "LEVEL category: text".</summary>
    public LogLines Log { get; } = new();

    /// <summary>With the owner's API token.</summary>
    public HttpClient Owner { get; private set; } = null!;

    /// <summary>Without any credential.</summary>
    public HttpClient Anonymous { get; private set; } = null!;

    /// <summary>The running node's services.</summary>
    public IServiceProvider Services => _app?.Services ?? throw new InvalidOperationException("The server does not run.");

    /// <summary>Starts one. With Postgres, ask <see cref="PostgresServer"/> for the connection first.</summary>
    internal static async Task<OperoneServer> StartAsync(
        string? postgres = null, Dictionary<string, string?>? settings = null, Action<WebApplicationBuilder>? configure = null, bool withOwner = true,
        string? url = null)
    {
        var all = new Dictionary<string, string?>(settings ?? [], StringComparer.OrdinalIgnoreCase);
        // Everything here comes from one address and one owner.
        all.TryAdd("Operone:RateLimitScale", "1000");
        if (postgres is not null)
        {
            all["ConnectionStrings:Operone"] = postgres;
        }

        if (withOwner)
        {
            all.TryAdd("Operone:Setup:OwnerEmail", OwnerEmail);
            all.TryAdd("Operone:Setup:OwnerPassword", OwnerPassword);
            all.TryAdd("Operone:Setup:ApiToken", OwnerToken);
        }

        var server = new OperoneServer(all, configure);
        server._url = url ?? server._url;
        if (postgres is null)
        {
            await PreparedSqlite.CopyAsync(Path.Combine(server._folder, "operone.db"));
        }

        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Changes a setting for the next start.</summary>
    public void Set(string key, string? value) => _settings[key] = value;

    /// <summary>Stops it in good order; its data stays.</summary>
    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            await app.StopAsync(TestContext.Current.CancellationToken);
            await app.DisposeAsync();
        }
    }

    /// <summary>Starts it again on the same address with the same data.</summary>
    public async Task StartAgainAsync()
    {
        // A test server must not wait for the machine's settings: only what is given here counts.
        var app = Operone.Web.Program.Build(
            [$"--urls={_url}", $"--Operone:DataDirectory={_folder}"],
            builder =>
            {
                builder.Configuration.AddInMemoryCollection(_settings);
                builder.Logging.ClearProviders();
                builder.Logging.AddProvider(Log);
                // Hundreds of owners are made here, and a password is to be hard to guess where people are.
                builder.Services.Configure<PasswordHasherOptions>(o => o.IterationCount = 1_000);
                _configure?.Invoke(builder);
            });
        var problems = Startup.FindProblems(app.Services);
        Assert.True(problems.Count == 0, string.Join('\n', problems));
        await Operone.Web.Program.PrepareAsync(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        _app = app;
        _url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First().TrimEnd('/');
        Owner?.Dispose();
        Anonymous?.Dispose();
        Owner = Client(OwnerToken);
        Anonymous = Client(null);
    }

    /// <summary>A client with a credential of its own.</summary>
    public HttpClient Client(string? token)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(_url), Timeout = TimeSpan.FromMinutes(3) };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return client;
    }

    /// <summary>A client with a new API token that has these permissions.</summary>
    public async Task<HttpClient> ClientWithAsync(params string[] permissions)
    {
        using var response = await Owner.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("test", permissions));
        response.EnsureSuccessStatusCode();
        return Client((await response.Content.ReadFromJsonAsync<ApiTokenView>())!.Token);
    }

    /// <summary>A new enrolment token.</summary>
    public async Task<EnrollmentTokenView> CreateEnrollmentTokenAsync(int uses = 1, Dictionary<string, string>? labels = null, long? expiresInSeconds = null)
    {
        using var response = await Owner.PostAsJsonAsync("/api/v1/enrollment-tokens", new CreateEnrollmentToken("test", labels, uses, expiresInSeconds));
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<EnrollmentTokenView>())!;
    }

    /// <summary>Enrols a device with a key of its own; it does not connect yet.</summary>
    public async Task<FakeAgent> EnrollAsync(string name = "device", Dictionary<string, string>? labels = null)
    {
        var token = await CreateEnrollmentTokenAsync(labels: labels);
        return await FakeAgent.EnrollAsync(this, token.Token!, name);
    }

    /// <summary>Enrols a device and connects it.</summary>
    public async Task<FakeAgent> ConnectAsync(string name = "device", Dictionary<string, string>? labels = null)
    {
        var agent = await EnrollAsync(name, labels);
        await agent.ConnectAsync();
        return agent;
    }

    /// <summary>Waits until a device is online.</summary>
    public Task WaitForOnlineAsync(string device) => WaitForAsync(device, DeviceStatus.Online);

    /// <summary>Waits until it is seen that a device is away: one whose agent was killed counts as there for a moment.</summary>
    public Task WaitForOfflineAsync(string device) => WaitForAsync(device, DeviceStatus.Offline);

    private Task WaitForAsync(string device, DeviceStatus status) => Eventually.BecomesAsync(
        async () => (await Owner.GetFromJsonAsync<DeviceView>($"/api/v1/devices/{device}"))?.Status == status, $"{device} {status}", 60);

    /// <summary>Does a recurring job once, now.</summary>
    public Task RunJobAsync(string name) =>
        Services.GetServices<IRecurringJob>().Single(j => j.Name == name).RunAsync(TestContext.Current.CancellationToken);

    /// <summary>A context on its database.</summary>
    internal OperoneDb OpenDatabase() => Services.GetRequiredService<IDbContextFactory<OperoneDb>>().CreateDbContext();

    /// <summary>Reads a problem, and holds it against its status.</summary>
    public static async Task<ProblemView> ReadProblemAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{response.StatusCode}: {text}");
        var problem = JsonSerializer.Deserialize<ProblemView>(text, JsonSerializerOptions.Web)!;
        Assert.Equal((int)response.StatusCode, problem.Status);
        Assert.StartsWith("https://operone.dev/problems/", problem.Type, StringComparison.Ordinal);
        return problem;
    }

    public async ValueTask DisposeAsync()
    {
        Owner?.Dispose();
        Anonymous?.Dispose();
        await StopAsync();
        if (_settings.TryGetValue("ConnectionStrings:Operone", out var postgres))
        {
            NpgsqlConnection.ClearPool(new NpgsqlConnection(postgres));
        }
        else
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearPool(new($"Data Source={Path.Combine(_folder, "operone.db")}"));
        }

        Directory.Delete(_folder, recursive: true);
    }
}
