using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Agent.Connection;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Connection;

/// <summary>What counts as a word of the server.</summary>
public sealed class HeartbeatTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Answer_ThatIsAFailure_IsNotHeardOf()
    {
        var asked = 0;
        await RunAsync(
            () =>
            {
                Interlocked.Increment(ref asked);
                throw new HubException("An unexpected error occurred invoking 'Beat' on the server.");
            },
            () => Eventually.BecomesAsync(() => Task.FromResult(Volatile.Read(ref asked) >= 2), "another question", 30));
        Assert.False(File.Exists(_temp["heard"]));
    }

    [Fact]
    public async Task Server_ThatDoesNotKnowTheQuestion_IsHeardOf()
    {
        await using var server = await AgentServer.StartAsync();
        await using var connection = new HubConnectionBuilder().WithUrl(new Uri(server.Address, ProtocolVersion.HubPath)).Build();
        await connection.StartAsync(TestContext.Current.CancellationToken);
        await RunAsync(
            () => connection.InvokeAsync("BeatOfAnotherYear", TestContext.Current.CancellationToken),
            () => Eventually.BecomesAsync(() => Task.FromResult(File.Exists(_temp["heard"])), "a word", 30));
    }

    private async Task RunAsync(Func<Task> beat, Func<Task> until)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var heartbeat = new Heartbeat(_temp["heard"], TimeProvider.System, NullLogger<Heartbeat>.Instance);
        var running = heartbeat.RunAsync(stop.Token);
        using var lease = heartbeat.Hold(10);
        heartbeat.Connect(new Hub(beat));
        await until();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private sealed class Hub(Func<Task> beat) : IDevicesHub
    {
        public Task<HelloReply> Hello(Hello hello) => throw new NotSupportedException();

        public Task ReportFacts(DeviceFacts facts) => throw new NotSupportedException();

        public Task ReportTelemetry(TelemetrySample sample) => throw new NotSupportedException();

        public Task Beat() => beat();
    }
}
