using Microsoft.AspNetCore.SignalR;
using Operone.Web.Hosting;

namespace Operone.Web.Agents;

/// <summary>For every method of the agents' hub: Hello comes first, and what is thrown becomes words for the agent.</summary>
internal sealed partial class AgentHubFilter(ILogger<AgentHubFilter> logger) : IHubFilter
{
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        if (invocationContext.HubMethodName != nameof(AgentHub.Hello) && !AgentHub.IsAccepted(invocationContext.Context))
        {
            throw new HubException("hello-first: call Hello first, and go on only if it is accepted.");
        }

        try
        {
            return await next(invocationContext);
        }
        catch (HubException)
        {
            throw;
        }
        catch (OperationCanceledException) when (invocationContext.Context.ConnectionAborted.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception) when (Problems.IsDatabaseAway(exception))
        {
            Log.DatabaseAway(logger, invocationContext.HubMethodName, exception.Message);
            throw new HubException("database-unavailable: the database cannot be reached; try again in a moment.");
        }
        catch (Exception exception)
        {
            Log.CallFailed(logger, exception, invocationContext.HubMethodName, invocationContext.Context.UserIdentifier);
            throw new HubException("internal-error: the server failed; its log has the cause.");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} was put off, the database is away: {Reason}")]
        public static partial void DatabaseAway(ILogger logger, string method, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Method} of the device {DeviceId} failed")]
        public static partial void CallFailed(ILogger logger, Exception exception, string method, string? deviceId);
    }
}
