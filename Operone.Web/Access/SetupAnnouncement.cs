using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>Prints the address at which the owner's account is made, once the node serves and its address is known.</summary>
internal sealed partial class SetupAnnouncement(SetupService setup, PublicAddress address, ILogger<SetupAnnouncement> logger) : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (setup.CodeToPrint is { } code)
        {
            Log.SetUpTheOwner(logger, address.Local, code);
        }

        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Set up the owner's account at {Address}/setup?code={Code}")]
        public static partial void SetUpTheOwner(ILogger logger, string address, string code);
    }
}
