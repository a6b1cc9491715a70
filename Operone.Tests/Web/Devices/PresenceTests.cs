using System.Net.Http.Json;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Devices;

public abstract class PresenceTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Connect_ThenClose_IsOnlineThenOffline()
    {
        await using var agent = await Server.ConnectAsync("comes-and-goes");
        var device = await GetAsync(agent);
        Assert.Equal(DeviceStatus.Online, device.Status);
        var known = await EventuallyAsync(async () => (await GetAsync(agent)) is { Facts: not null } d ? d : null, "facts");
        Assert.Equal(FakeAgent.Facts.CpuModel, known.Facts!.CpuModel);
        Assert.Equal("0.0.1-fake", known.AgentVersion);

        await agent.CloseAsync();
        await EventuallyAsync(async () => (await GetAsync(agent)).Status == DeviceStatus.Offline, "offline");
        var gone = await EventuallyAsync(async () => (await GetAsync(agent)) is { LastSeenAt: not null } d ? d : null, "last seen");
        Assert.True(gone.LastSeenAt > gone.EnrolledAt);
    }

    [Fact]
    public async Task Close_OfAnOldConnectionAfterANewOne_ChangesNothing()
    {
        await using var agent = await Server.ConnectAsync("twice");
        var old = agent.Detach();
        await agent.ConnectAsync();
        await old.DisposeAsync();
        await Task.Delay(300, Cancelled);
        Assert.Equal(DeviceStatus.Online, (await GetAsync(agent)).Status);
    }

    [Theory]
    [InlineData(ProtocolVersion.Oldest - 1, "Upgrade the agent")]
    [InlineData(ProtocolVersion.Current + 1, "Upgrade the server")]
    public async Task Hello_WithAProtocolThatDoesNotFit_IsToldWhatToDoAndEnded(int protocol, string advice)
    {
        await using var agent = await Server.EnrollAsync("old-timer");
        await agent.OpenAsync();
        var reply = await agent.HelloAsync(protocol);
        Assert.False(reply.Accepted);
        Assert.Contains(advice, reply.Reason, StringComparison.Ordinal);
        await agent.Closed.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.Equal(DeviceStatus.Offline, (await GetAsync(agent)).Status);
    }

    [Fact]
    public async Task AnyCall_BeforeHello_IsRefused()
    {
        await using var agent = await Server.EnrollAsync("impolite");
        await agent.OpenAsync();
        var refused = await Assert.ThrowsAsync<Microsoft.AspNetCore.SignalR.HubException>(() => agent.ReconcileAsync());
        Assert.Contains("hello-first", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_OfAConnectedDevice_TellsItToLeaveAndEndsTheConnection()
    {
        await using var agent = await Server.ConnectAsync("unwanted");
        using var response = await Server.Owner.DeleteAsync($"/api/v1/devices/{agent.Name}", Cancelled);
        response.EnsureSuccessStatusCode();
        Assert.NotEmpty(await agent.Left.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
        await agent.Closed.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
    }

    [Fact]
    public async Task TwoHundredAgents_AtOnce_AreAllOnline()
    {
        var token = await Server.CreateEnrollmentTokenAsync(uses: 200, labels: new() { ["fleet"] = "big" });
        var agents = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => FakeAgent.EnrollAsync(Server, token.Token!, $"fleet-{i}")));
        await Task.WhenAll(agents.Select(a => a.ConnectAsync()));
        var page = await Server.Owner.GetFromJsonAsync<Operone.Core.Page<DeviceView>>("/api/v1/devices?selector=fleet%3Dbig&status=online&limit=500", Cancelled);
        Assert.Equal(200, page!.Items.Count);
        await Task.WhenAll(agents.Select(a => a.DisposeAsync().AsTask()));
    }

    private async Task<DeviceView> GetAsync(FakeAgent agent) =>
        (await Server.Owner.GetFromJsonAsync<DeviceView>($"/api/v1/devices/{agent.Id}", Cancelled))!;
}

public sealed class PresenceOnSqlite(SqliteFixture fixture) : PresenceTests(fixture), IClassFixture<SqliteFixture>;

public sealed class PresenceOnPostgres(PostgresFixture fixture) : PresenceTests(fixture), IClassFixture<PostgresFixture>;
