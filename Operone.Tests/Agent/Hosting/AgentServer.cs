using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Tests.Agent.Hosting;

/// <summary>A server as an agent sees it, on a real port, that remembers what it was told.</summary>
internal sealed class AgentServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private AgentServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public FakeShellHub Shell { get; } = new();

    public ConcurrentQueue<Hello> Hellos { get; } = new();

    public ConcurrentQueue<TelemetrySample> Telemetry { get; } = new();

    public ConcurrentQueue<string> Tokens { get; } = new();

    public ConcurrentQueue<EnrollRequest> Enrolments { get; } = new();

    public ConcurrentQueue<string> Left { get; } = new();

    /// <summary>Set to refuse every hello.</summary>
    public string? Refusal { get; set; }

    /// <summary>Everybody who is connected.</summary>
    public IAgentClient Agents => _app.Services.GetRequiredService<IHubContext<Hub, IAgentClient>>().Clients.All;

    public static async Task<AgentServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        AgentServer? server = null;
        builder.Services.AddSingleton(_ => server!);
        builder.Services.AddSignalR(o => o.MaximumReceiveMessageSize = ProtocolVersion.MaxMessageBytes).AddJsonProtocol(j => j.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, OperoneJson.Default));
        builder.Services.ConfigureHttpJsonOptions(j => j.SerializerOptions.TypeInfoResolverChain.Insert(0, OperoneJson.Default));
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapHub<Hub>(ProtocolVersion.HubPath);
        app.MapPost("/api/v1/agents/enroll", (EnrollRequest request) =>
        {
            server!.Enrolments.Enqueue(request);
            return request.Token == "ope_spent"
                ? Results.Problem(statusCode: 403, type: "https://operone.dev/problems/enrollment-token-spent", title: "The token is spent.", detail: "Make a new one.")
                : Results.Json(new EnrollReply(Guid.CreateVersion7(), request.Name!, "this \"server\""), OperoneJson.Default.EnrollReply);
        });
        app.MapDelete("/api/v1/agents/me", (HttpRequest request) =>
        {
            server!.Left.Enqueue(request.Headers.Authorization.ToString());
            return Results.NoContent();
        });
        server = new AgentServer(app);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>The hub.</summary>
    internal sealed class Hub(AgentServer server) : Hub<IAgentClient>, IAgentHub
    {
        public Task<HelloReply> Hello(Hello hello)
        {
            server.Hellos.Enqueue(hello);
            server.Tokens.Enqueue(Context.GetHttpContext()!.Request.Headers.Authorization.ToString());
            return Task.FromResult(new HelloReply(server.Refusal is null, server.Refusal, "renamed", new AgentSettings(1)));
        }

        public Task ReportFacts(DeviceFacts facts) => Task.CompletedTask;

        public Task ReportTelemetry(TelemetrySample sample)
        {
            server.Telemetry.Enqueue(sample);
            return Task.CompletedTask;
        }

        public Task Beat() => Task.CompletedTask;

        public Task<ExecutionReconciliation> ReconcileExecutions(ExecutionInventory inventory) => server.Shell.ReconcileExecutions(inventory);

        public async Task ReportExecution(ExecutionReport report)
        {
            await server.Shell.ReportExecution(report);
            await Clients.Caller.AcknowledgeExecution(server.Shell[report.ExecutionId].Acknowledgement(report.ExecutionId));
        }
    }
}
