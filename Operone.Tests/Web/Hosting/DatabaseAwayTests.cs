using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Operone.Core;
using Operone.Core.Events;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting;

public sealed class DatabaseAwayTests
{
    [Fact]
    public async Task Database_AwayForAWhile_Is503MeanwhileAndNothingIsLost()
    {
        var cancelled = TestContext.Current.CancellationToken;
        var (missing, direct) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        var connection = new NpgsqlConnectionStringBuilder(direct);
        await using var gate = new TcpGate(connection.Port);
        connection.Port = gate.Port;
        await using var server = await OperoneServer.StartAsync(connection.ToString());
        await using var agent = await server.ConnectAsync("witness");

        await gate.ShutAsync();
        foreach (var path in (string[])["/api/v1/devices", "/api/v1/runs", "/api/v1/events", "/health/ready"])
        {
            using var response = await server.Owner.GetAsync(path, cancelled);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.EndsWith("/database-unavailable", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.Anonymous.GetAsync("/health/live", cancelled)).StatusCode);
        using (var client = server.Client(agent.CreateToken()))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/api/v1/agents/me", cancelled)).StatusCode);
        }

        await server.Services.GetRequiredService<IEvents>().PublishAsync(new("test.happened", "meanwhile"), cancelled);
        await Task.Delay(500, cancelled);
        gate.Open();
        await Eventually.BecomesAsync(
            async () =>
            {
                using var response = await server.Owner.GetAsync("/api/v1/events?type=test.happened", cancelled);
                return response.IsSuccessStatusCode && (await response.Content.ReadFromJsonAsync<Page<EventView>>(cancelled))!.Items.Any(e => e.Subject == "meanwhile");
            },
            "the event that happened meanwhile");
    }
}
