using System.Net;
using System.Net.Http.Json;
using System.Text;
using Npgsql;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell;

/// <summary>The database goes away for a while, behind a gate that is shut.</summary>
public sealed class DatabaseAwayTests
{
    [Fact]
    public async Task Database_Away_RequestsAnswer503AndOutputIsKeptUntilItIsBack()
    {
        var cancelled = TestContext.Current.CancellationToken;
        var (missing, connection) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        var direct = new NpgsqlConnectionStringBuilder(connection);
        await using var gate = new TcpGate(direct.Port);
        var gated = new NpgsqlConnectionStringBuilder(connection) { Port = gate.Port, Timeout = 3, CommandTimeout = 3 };
        await using var server = await OperoneServer.StartAsync(gated.ToString());
        await using var agent = await server.ConnectAsync("patient");
        using var created = await server.Owner.PostAsJsonAsync("/api/v1/runs", new { command = "x", target = new { all = true } }, cancelled);
        var id = (await agent.Starts.Reader.ReadAsync(cancelled)).ExecutionId;
        await agent.ReportAsync(new(id, DateTimeOffset.UtcNow, [new(OutputStream.Stdout, 0, "before "u8.ToArray())], null));
        Assert.Equal(7, (await agent.Acknowledgements.Reader.ReadAsync(cancelled)).StdoutOffset);

        await gate.ShutAsync();
        using (var refused = await server.Owner.GetAsync(created.Headers.Location, cancelled))
        {
            Assert.True(HttpStatusCode.ServiceUnavailable == refused.StatusCode, await refused.Content.ReadAsStringAsync(cancelled));
            Assert.EndsWith("database-unavailable", (await OperoneServer.ReadProblemAsync(refused)).Type, StringComparison.Ordinal);
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        using (var refused = await server.Owner.PostAsJsonAsync("/api/v1/runs", new { command = "y", target = new { all = true } }, cancelled))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        await agent.ReportAsync(new(id, DateTimeOffset.UtcNow, [new(OutputStream.Stdout, 7, "after"u8.ToArray())],
            new(ExecutionStatus.Succeeded, 0, "Exited with code 0.", DateTimeOffset.UtcNow, 12, 0)));
        Assert.False(agent.Acknowledgements.Reader.TryRead(out _), "nothing may be acknowledged that is not stored");

        gate.Open();
        Assert.True((await agent.Acknowledgements.Reader.ReadAsync(cancelled)).Ended);
        var output = await server.Owner.GetByteArrayAsync($"{created.Headers.Location}/executions/patient/stdout", cancelled);
        Assert.Equal("before after", Encoding.UTF8.GetString(output));
        Assert.False(agent.Starts.Reader.TryRead(out _), "the run that was refused must not have been started");
    }
}
