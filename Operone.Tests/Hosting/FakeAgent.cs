using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Tests.Hosting;

/// <summary>An agent that only speaks the protocol: with a real key over a real connection, and no machine behind it.</summary>
public sealed class FakeAgent : IAsyncDisposable
{
    private readonly string _url;
    private readonly EnrollReply _identity;
    private readonly ECDsa _key;
    private HubConnection? _connection;

    private FakeAgent(string url, EnrollReply identity, ECDsa key) => (_url, _identity, _key) = (url, identity, key);

    public Guid Id => _identity.DeviceId;

    public string Name => _identity.Name;

    public string Audience => _identity.Audience;

    /// <summary>What the server asked to start, in order.</summary>
    public Channel<StartExecution> Starts { get; } = Channel.CreateUnbounded<StartExecution>();

    /// <summary>What the server asked to cancel, in order.</summary>
    public Channel<CancelExecution> Cancels { get; } = Channel.CreateUnbounded<CancelExecution>();

    /// <summary>Which channels the server asked to dial, in order.</summary>
    public Channel<OpenChannel> Channels { get; } = Channel.CreateUnbounded<OpenChannel>();

    /// <summary>What the server said it has stored, in order.</summary>
    public Channel<ExecutionAcknowledgement> Acknowledgements { get; } = Channel.CreateUnbounded<ExecutionAcknowledgement>();

    /// <summary>Ends when the server has told the device to leave, with the reason.</summary>
    public TaskCompletionSource<string> Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the connection has.</summary>
    public TaskCompletionSource Closed { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The connection, to call what has no method here.</summary>
    public HubConnection Connection => _connection ?? throw new InvalidOperationException("Not connected.");

    /// <summary>Called at each start; by default it is only noted in <see cref="Starts"/>.</summary>
    public Func<StartExecution, Task>? OnStart { get; set; }

    public static DeviceFacts Facts { get; } = new()
    {
        HostName = "fake",
        OperatingSystem = "FakeOS 1",
        OsVersion = "1.0",
        Kernel = "1.0.0",
        Architecture = "x64",
        CpuModel = "Fake CPU",
        CpuCount = 2,
        MemoryBytes = 1L << 30,
        Disks = [new("/", "ext4", 1L << 33)],
        Addresses = ["192.0.2.1"],
    };

    /// <summary>What enrolling sends.</summary>
    public static EnrollRequest Request(string token, string name, ECDsa key, Dictionary<string, string>? labels = null) =>
        new(token, name, labels, Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()));

    public static Task<FakeAgent> EnrollAsync(OperoneServer server, string token, string name, Dictionary<string, string>? labels = null) =>
        EnrollAsync(server.Anonymous, server.Url, token, name, labels);

    /// <summary>The same at a server that is another process.</summary>
    public static async Task<FakeAgent> EnrollAsync(HttpClient client, string url, string token, string name, Dictionary<string, string>? labels = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var response = await client.PostAsJsonAsync("/api/v1/agents/enroll", Request(token, name, key, labels));
        response.EnsureSuccessStatusCode();
        return new(url, (await response.Content.ReadFromJsonAsync<EnrollReply>())!, key);
    }

    /// <summary>A token as an agent makes it; each part can be made wrong.</summary>
    public string CreateToken(string? tokenId = null, TimeSpan? age = null, TimeSpan? lifetime = null, ECDsa? key = null, string? audience = null, string? subject = null)
    {
        var issued = DateTimeOffset.UtcNow - (age ?? TimeSpan.Zero);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Id.ToString("D"),
            Audience = audience ?? Audience,
            IssuedAt = issued.UtcDateTime,
            Expires = (issued + (lifetime ?? TimeSpan.FromSeconds(60))).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = subject ?? Id.ToString("D"), ["jti"] = tokenId ?? Guid.NewGuid().ToString("N") },
            SigningCredentials = new(new ECDsaSecurityKey(key ?? _key) { CryptoProviderFactory = new() { CacheSignatureProviders = false } }, SecurityAlgorithms.EcdsaSha256),
        });
    }

    /// <summary>Connects, without a word yet.</summary>
    public async Task OpenAsync(string? token = null)
    {
        await CloseAsync();
        var closed = Closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var connection = new HubConnectionBuilder()
            .WithUrl(_url + ProtocolVersion.HubPath, options =>
            {
                options.Transports = HttpTransportType.WebSockets;
                options.SkipNegotiation = true;
                options.AccessTokenProvider = () => Task.FromResult<string?>(token ?? CreateToken());
            })
            .AddJsonProtocol(json => json.PayloadSerializerOptions = new JsonSerializerOptions(OperoneJson.Default.Options))
            .WithServerTimeout(TimeSpan.FromSeconds(ProtocolVersion.SilenceSeconds))
            .WithKeepAliveInterval(TimeSpan.FromSeconds(ProtocolVersion.PingSeconds))
            .Build();
        connection.On<StartExecution>(nameof(IAgentClient.StartExecution), async start =>
        {
            await Starts.Writer.WriteAsync(start);
            if (OnStart is { } then)
            {
                await then(start);
            }
        });
        connection.On<CancelExecution>(nameof(IAgentClient.CancelExecution), async cancel => await Cancels.Writer.WriteAsync(cancel));
        connection.On<ExecutionAcknowledgement>(nameof(IAgentClient.AcknowledgeExecution), async stored => await Acknowledgements.Writer.WriteAsync(stored));
        connection.On<OpenChannel>(nameof(IAgentClient.OpenChannel), async channel => await Channels.Writer.WriteAsync(channel));
        connection.On<AgentSettings>(nameof(IAgentClient.Configure), _ => { });
        connection.On<string>(nameof(IAgentClient.Leave), reason => Left.TrySetResult(reason));
        connection.Closed += _ =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        await connection.StartAsync();
        _connection = connection;
    }

    /// <summary>Connects, says Hello, and tells which executions it has.</summary>
    public async Task<ExecutionReconciliation> ConnectAsync(params Guid[] executions)
    {
        await OpenAsync();
        var reply = await HelloAsync();
        if (!reply.Accepted)
        {
            throw new InvalidOperationException(reply.Reason);
        }

        return await ReconcileAsync(executions);
    }

    public Task<HelloReply> HelloAsync(int protocol = ProtocolVersion.Current, DeviceFacts? facts = null) =>
        Connection.InvokeAsync<HelloReply>(nameof(IAgentHub.Hello), new Hello(protocol, "0.0.1-fake", facts ?? Facts));

    public Task<ExecutionReconciliation> ReconcileAsync(params Guid[] executions) =>
        Connection.InvokeAsync<ExecutionReconciliation>(nameof(IAgentHub.ReconcileExecutions), new ExecutionInventory(executions));

    public Task ReportAsync(ExecutionReport report) => Connection.SendAsync(nameof(IAgentHub.ReportExecution), report);

    public Task ReportTelemetryAsync(TelemetrySample sample) => Connection.SendAsync(nameof(IAgentHub.ReportTelemetry), sample);

    public Task ReportFactsAsync(DeviceFacts facts) => Connection.SendAsync(nameof(IAgentHub.ReportFacts), facts);

    /// <summary>Ends the connection in good order.</summary>
    public async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    /// <summary>Connects once more while the first connection stays: what an agent's restart looks like to the server. Gives the old connection.</summary>
    public HubConnection Detach()
    {
        var connection = Connection;
        _connection = null;
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _key.Dispose();
    }
}
