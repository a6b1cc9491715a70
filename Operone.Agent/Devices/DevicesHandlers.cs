using Microsoft.Extensions.Logging;
using Operone.Agent.Connection;
using Operone.Core.Connection;

namespace Operone.Agent.Devices;

/// <summary>Takes new settings.</summary>
internal sealed class ConfigureHandler(DeviceReporter reporter) : IMessageHandler<AgentSettings>
{
    /// <inheritdoc/>
    public Task HandleAsync(AgentSettings message)
    {
        reporter.Configure(message);
        return Task.CompletedTask;
    }
}

/// <summary>Takes the message that the device was removed: the identity goes, and the agent ends.</summary>
internal sealed partial class LeaveHandler(IdentityStore store, ILogger<LeaveHandler> logger) : IMessageHandler<string>
{
    /// <summary>Done when the device has to leave, with the reason.</summary>
    public TaskCompletionSource<string> Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public Task HandleAsync(string message)
    {
        Log.Leaving(logger, message);
        store.Delete();
        Left.TrySetResult(message);
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "This device was removed from its server, and its identity is deleted: {Reason}")]
        public static partial void Leaving(ILogger logger, string reason);
    }
}
