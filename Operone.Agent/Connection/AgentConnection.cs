using System.Net.WebSockets;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Logging;
using Operone.Agent.Devices;
using Operone.Agent.Shell;
using Operone.Core.Connection;

namespace Operone.Agent.Connection;

/// <summary>The connection's life: connect, say hello, compare, stay; and again, for ever.</summary>
internal sealed partial class AgentConnection(
    HubConnection connection, Executions executions, DeviceReporter reporter, Heartbeat heartbeat, ConnectionStateFile state, Uri server, TimeProvider time, ILogger<AgentConnection> logger)
{
    /// <summary>How long to wait after the server has refused: it will not change its mind in a second.</summary>
    private static readonly TimeSpan _afterRefusal = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection holds before the next loss counts as a new one.</summary>
    private static readonly TimeSpan _good = TimeSpan.FromSeconds(10);

    private readonly Backoff _backoff = new(Random.Shared);

    /// <summary>Connects until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            var pause = await ConnectOnceAsync(cancel);
            await Task.Delay(pause, time, cancel);
        }
    }

    /// <summary>One connection, from its beginning to its end. Gives how long to wait before the next.</summary>
    private async Task<TimeSpan> ConnectOnceAsync(CancellationToken cancel)
    {
        var closed = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task OnClosed(Exception? problem)
        {
            closed.TrySetResult(problem);
            return Task.CompletedTask;
        }

        connection.Closed += OnClosed;
        var began = time.GetTimestamp();
        try
        {
            await connection.StartAsync(cancel);
            var hub = new HubProxy(connection, cancel);
            if (await GreetAsync(hub) is { } refusal)
            {
                return refusal;
            }

            began = time.GetTimestamp();
            var problem = await closed.Task.WaitAsync(cancel);
            Lost(problem?.Message ?? "the server has closed it");
        }
        catch (Exception problem) when (IsExpected(problem) && !cancel.IsCancellationRequested)
        {
            Lost(Words(problem));
        }
        finally
        {
            connection.Closed -= OnClosed;
            executions.Disconnect();
            reporter.Disconnect();
            heartbeat.Disconnect();
            await connection.StopAsync(CancellationToken.None);
        }

        if (time.GetElapsedTime(began) > _good)
        {
            _backoff.Reset();
        }

        var pause = _backoff.Next();
        Log.Retrying(logger, pause.TotalSeconds);
        return pause;
    }

    /// <summary>Says hello and compares executions. Gives how long to wait where the server refuses, else null.</summary>
    private async Task<TimeSpan?> GreetAsync(HubProxy hub)
    {
        var reply = await hub.Hello(new Hello(ProtocolVersion.Current, AgentVersion.Text, reporter.Facts()));
        if (!reply.Accepted)
        {
            Log.Refused(logger, server, reply.Reason);
            state.Set(connected: false, reply.DeviceName, $"The server refuses this agent: {reply.Reason}");
            return _afterRefusal;
        }

        executions.Connect(hub, await hub.ReconcileExecutions(executions.Inventory()));
        reporter.Connect(hub, reply.Settings);
        heartbeat.Connect(hub); // after what the server has given up is known: what waits for a word of it starts by this
        Log.Connected(logger, server, reply.DeviceName);
        state.Set(connected: true, reply.DeviceName, problem: null);
        return null;
    }

    private void Lost(string why)
    {
        Log.Lost(logger, server, why);
        state.Set(connected: false, deviceName: null, why);
    }

    /// <summary>What a network, a proxy or a server can do to a connection. Everything else is a bug.</summary>
    private static bool IsExpected(Exception problem) => problem
        is HttpRequestException or WebSocketException or IOException or HubException or OperationCanceledException or TimeoutException
        or InvalidOperationException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException or System.Text.Json.JsonException
        or InvalidDataException;

    private static string Words(Exception problem)
    {
        var text = problem.Message;
        for (var inner = problem.InnerException; inner is not null; inner = inner.InnerException)
        {
            text = text.Contains(inner.Message, StringComparison.Ordinal) ? text : $"{text} {inner.Message}";
        }

        return text;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Connected to {Server} as {Name}")]
        public static partial void Connected(ILogger logger, Uri server, string? name);

        [LoggerMessage(Level = LogLevel.Warning, Message = "No connection to {Server}: {Problem}")]
        public static partial void Lost(ILogger logger, Uri server, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Server} refuses this agent: {Reason}")]
        public static partial void Refused(ILogger logger, Uri server, string? reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Next attempt in {Seconds:0.0} s")]
        public static partial void Retrying(ILogger logger, double seconds);
    }
}
