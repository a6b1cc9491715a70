using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.E2E.Hosting;

namespace Operone.Bench.Simulation;

/// <summary>
/// What is left when everything is taken from Operone but the hub and its messages: no identity, no database, no pages.
/// The floor that the server's figures are compared with.
/// </summary>
internal static class BareHub
{
    /// <summary>Starts it in a process of its own.</summary>
    public static ChildProcess Start(string folder, string url) =>
        ChildProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "Operone.Bench.dll"), "hub", url], Path.Combine(folder, "hub.log"));

    /// <summary>Is that process.</summary>
    public static async Task<int> RunAsync(string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<Answers>();
        builder.Services.AddSignalR(options =>
        {
            options.KeepAliveInterval = TimeSpan.FromSeconds(ProtocolVersion.PingSeconds);
            options.ClientTimeoutInterval = TimeSpan.FromSeconds(ProtocolVersion.SilenceSeconds);
            options.MaximumReceiveMessageSize = ProtocolVersion.MaxMessageBytes;
        }).AddJsonProtocol(json => json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, OperoneJson.Default));
        await using var app = builder.Build();
        app.MapHub<Hub>(ProtocolVersion.HubPath);
        app.MapPost("/fanout", FanOutAsync);
        await app.RunAsync(url);
        return 0;
    }

    private static async Task FanOutAsync(HttpContext context, int count)
    {
        var answers = context.RequestServices.GetRequiredService<Answers>();
        var hub = context.RequestServices.GetRequiredService<IHubContext<Hub>>();
        var all = answers.Expect(count);
        await Task.WhenAll(answers.Connections.Keys.Select(connection => hub.Clients.Client(connection).SendAsync(
            nameof(IShellClient.StartExecution), new StartExecution { ExecutionId = Guid.NewGuid(), Command = "echo simulated" }, context.RequestAborted)));
        await all.WaitAsync(TimeSpan.FromSeconds(60), context.RequestAborted);
    }

    private sealed class Answers
    {
        private readonly Lock _lock = new();
        private int _left;
        private TaskCompletionSource _all = new();

        public ConcurrentDictionary<string, bool> Connections { get; } = new();

        public Task Expect(int count)
        {
            lock (_lock)
            {
                _left = count;
                _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
                return _all.Task;
            }
        }

        public void Take()
        {
            lock (_lock)
            {
                if (--_left == 0)
                {
                    _all.SetResult();
                }
            }
        }
    }

#pragma warning disable CA1812 // SignalR makes it
    private sealed class Hub(Answers answers) : Microsoft.AspNetCore.SignalR.Hub
#pragma warning restore CA1812
    {
        public HelloReply Hello(Hello hello)
        {
            answers.Connections[Context.ConnectionId] = true;
            return new(hello.Protocol == ProtocolVersion.Current, null, null, new());
        }

#pragma warning disable CA1822 // a hub's methods are instance methods
        public ExecutionReconciliation ReconcileExecutions(ExecutionInventory inventory) =>
            new([.. inventory.ExecutionIds.Select(id => new ExecutionAcknowledgement(id, 0, 0, Ended: true))]);
#pragma warning restore CA1822

        public async Task ReportExecution(ExecutionReport report)
        {
            answers.Take();
            await Clients.Caller.SendAsync(nameof(IShellClient.AcknowledgeExecution), new ExecutionAcknowledgement(report.ExecutionId, 0, 0, Ended: true));
        }

        public override Task OnDisconnectedAsync(Exception? exception)
        {
            answers.Connections.TryRemove(Context.ConnectionId, out _);
            return Task.CompletedTask;
        }
    }
}
