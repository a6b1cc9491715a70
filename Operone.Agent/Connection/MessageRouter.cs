using Microsoft.AspNetCore.SignalR.Client;
using Operone.Core.Channels;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Connection;

/// <summary>Takes one message of the server. It runs in the connection's own loop, so it is quick.</summary>
/// <typeparam name="T">The message.</typeparam>
internal interface IMessageHandler<in T>
{
    /// <summary>Takes it.</summary>
    Task HandleAsync(T message);
}

/// <summary>One handler for each message in <see cref="IAgentClient"/>.</summary>
internal sealed record MessageHandlers(
    IMessageHandler<AgentSettings> Configure,
    IMessageHandler<string> Leave,
    IMessageHandler<OpenChannel> OpenChannel,
    IMessageHandler<StartExecution> StartExecution,
    IMessageHandler<CancelExecution> CancelExecution,
    IMessageHandler<ExecutionAcknowledgement> AcknowledgeExecution);

/// <summary>
/// Which message goes to which handler. Written by hand, for Native AOT; a test compares <see cref="Methods"/> with
/// <see cref="IAgentClient"/>.
/// </summary>
internal static class MessageRouter
{
    private static readonly Route[] _routes =
    [
        Route.Of(nameof(IAgentClient.Configure), h => h.Configure),
        Route.Of(nameof(IAgentClient.Leave), h => h.Leave),
        Route.Of(nameof(IAgentClient.OpenChannel), h => h.OpenChannel),
        Route.Of(nameof(IAgentClient.StartExecution), h => h.StartExecution),
        Route.Of(nameof(IAgentClient.CancelExecution), h => h.CancelExecution),
        Route.Of(nameof(IAgentClient.AcknowledgeExecution), h => h.AcknowledgeExecution),
    ];

    /// <summary>The names of all methods that are handled.</summary>
    public static IReadOnlyList<string> Methods { get; } = [.. _routes.Select(r => r.Method)];

    /// <summary>Registers all handlers.</summary>
    public static void Register(HubConnection connection, MessageHandlers handlers)
    {
        foreach (var route in _routes)
        {
            route.Register(connection, handlers);
        }
    }

    private sealed record Route(string Method, Action<HubConnection, MessageHandlers> Register)
    {
        public static Route Of<T>(string method, Func<MessageHandlers, IMessageHandler<T>> handler) =>
            new(method, (connection, handlers) => connection.On<T>(method, message => handler(handlers).HandleAsync(message)));
    }
}
