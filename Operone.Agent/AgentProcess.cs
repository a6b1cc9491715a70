using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Operone.Agent.Channels;
using Operone.Agent.Connection;
using Operone.Agent.Devices;
using Operone.Agent.Files;
using Operone.Agent.Kernel;
using Operone.Agent.Platforms;
using Operone.Agent.Shell;
using Operone.Agent.Shell.Host.Sandbox;
using Operone.Core.Errors;
using Operone.Disk;

namespace Operone.Agent;

/// <summary>The running agent: puts the parts together, runs them, and takes them apart. One on a state directory.</summary>
internal sealed partial class AgentProcess(StateDirectory state, IPlatform platform, ILoggerFactory loggers, TimeProvider time)
{
    private readonly ILogger _logger = loggers.CreateLogger<AgentProcess>();

    /// <summary>Runs until the process is told to stop, or the device leaves.</summary>
    public async Task<Result<Unit>> RunAsync(CancellationToken cancel)
    {
        var store = new IdentityStore(state);
        var identity = store.Read();
        if (identity.Error is not null)
        {
            return identity.Error;
        }

        var key = store.ReadKey();
        if (key.Error is not null)
        {
            return key.Error;
        }

        using var signer = key.Value;
        if (state.Create() is { Error: { } cannotWrite })
        {
            return cannotWrite;
        }

        using var only = AgentLock.TryTake(state);
        if (only is null)
        {
            return new Error(ErrorKind.Conflict, "agent-running", "An agent runs already.", $"Another agent runs on '{state.Path}'. End it first, or choose another folder with --state-dir.");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        platform.PrepareAgent();
        return await RunAsync(store, identity.Value, new DeviceToken(identity.Value, signer, time), stop.Token);

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // it has stopped already: told twice
            }
        }
    }

    private async Task<Result<Unit>> RunAsync(IdentityStore store, Identity identity, DeviceToken token, CancellationToken cancel)
    {
        using var hosts = new Hosts(platform.HostStarter(state.HostLog));
        var sender = new ExecutionSender(time, loggers.CreateLogger<ExecutionSender>());
        var heartbeat = new Heartbeat(state.Heard, time, loggers.CreateLogger<Heartbeat>());
        var follower = new ExecutionFollower(hosts, sender, time, loggers.CreateLogger<ExecutionFollower>(), heartbeat);
        var tombstones = new Tombstones(state.Over, time, loggers.CreateLogger<Tombstones>());
        await using var executions = new Executions(state.Executions, follower, sender, tombstones, time, loggers.CreateLogger<Executions>());
        var disk = platform.Disk(state.Path);
        var files = new FileService(disk, new Uploads(state.Uploads, disk, time, loggers.CreateLogger<Uploads>()), time, loggers.CreateLogger<FileService>());
        var processes = new ProcessService(platform.Processes, executions.Running, time, loggers);
        await using var channels = new OpenChannels(
            new ChannelDialer(identity, token), new HostChannels(executions, time), [files, processes], loggers.CreateLogger<OpenChannels>());
        var reporter = new DeviceReporter(platform.Machine(time), time, loggers.CreateLogger<DeviceReporter>(), SandboxProbe.Facts);
        var leave = new LeaveHandler(store, loggers.CreateLogger<LeaveHandler>());
        var status = new ConnectionStateFile(state, time, loggers.CreateLogger<ConnectionStateFile>());

        await using var hub = HubConnections.Create(identity, token, loggers);
        MessageRouter.Register(hub, new MessageHandlers(
            new ConfigureHandler(reporter), leave, channels, new StartExecutionHandler(executions), new CancelExecutionHandler(executions), new AcknowledgeExecutionHandler(executions)));
        status.Set(connected: false, identity.Name, "not connected yet");
        executions.Load();
        hosts.KeepWarm();

        var connection = new AgentConnection(hub, executions, reporter, heartbeat, status, identity.Server, time, loggers.CreateLogger<AgentConnection>());
        Log.Running(_logger, AgentVersion.Text, identity.Name, identity.Server, executions.Count);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] parts =
        [
            connection.RunAsync(stop.Token), sender.RunAsync(stop.Token), reporter.RunAsync(stop.Token), executions.RetryAsync(stop.Token), new MemoryTrimmer(sender, status, platform, time).RunAsync(stop.Token),
            files.CleanAsync(stop.Token), heartbeat.RunAsync(stop.Token), executions.Failed.Task,
        ];
        var ended = await Task.WhenAny([.. parts, leave.Left.Task]);
        await stop.CancelAsync();
        await WaitForAsync(parts[..^1]);
        status.Set(connected: false, deviceName: null, "stopped");
        if (ended == leave.Left.Task)
        {
            return new Error(ErrorKind.NotFound, "device-removed", "This device was removed from its server.", $"{await leave.Left.Task} Its identity is deleted; to come back, enrol it again.");
        }

        await ended.ContinueWith(static t => t.Exception is null ? Task.CompletedTask : Task.FromException(t.Exception.InnerException!), TaskScheduler.Default).Unwrap();
        Log.Stopped(_logger, executions.Count);
        return Unit.Value;
    }

    private static async Task WaitForAsync(Task[] parts)
    {
        try
        {
            await Task.WhenAll(parts);
        }
        catch (OperationCanceledException)
        {
            // that is how they end
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Agent {Version} of {Name} runs for {Server}; {Count} executions are unfinished")]
        public static partial void Running(ILogger logger, string version, string name, Uri server, int count);

        [LoggerMessage(Level = LogLevel.Information, Message = "Agent stopped; {Count} executions go on without it")]
        public static partial void Stopped(ILogger logger, int count);
    }
}
