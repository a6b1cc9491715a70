using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Shell;

public sealed class RunStartOnSqlite(SqliteFixture fixture) : RunStartTests(fixture), IClassFixture<SqliteFixture>;

public sealed class RunStartOnPostgres(PostgresFixture fixture) : RunStartTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>What is made for a device that is away reaches it, whenever it comes back.</summary>
public abstract class RunStartTests(ServerFixture fixture) : ShellTests(fixture)
{
    [Fact]
    public async Task Device_ThatComesBetweenTheMakingAndTheStoring_IsToldToStart()
    {
        await using var agent = await Server.EnrollAsync("between");
        var starts = Server.Services.GetRequiredService<RunStart>();
        var device = Server.Services.GetRequiredService<DeviceDirectory>().Find(agent.Id)!;
        var empty = new Dictionary<string, string>();
        var made = (await starts.PrepareAsync(Actor.System, new CreateRun { Command = "x" }, [device], empty, empty, Cancelled)).Value;
        Assert.Equal(ExecutionStatus.Queued, made.Executions.Single().Status);

        // it compares now, and finds nothing
        await agent.ConnectAsync();
        await agent.ReconcileAsync();
        await using (var db = await Server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>().CreateDbContextAsync(Cancelled))
        await using (var transaction = await db.Database.BeginTransactionAsync(Cancelled))
        {
            await RunStart.InsertAsync(db, made, Cancelled);
            await db.SaveChangesAsync(Cancelled);
            await transaction.CommitAsync(Cancelled);
        }

        await starts.SendAsync(Actor.System, made, Cancelled);
        var start = await StartedAsync(agent);
        Assert.Equal(made.Executions.Single().Id, start.ExecutionId);
        await agent.ReportAsync(Report(start.ExecutionId, Succeeded()));
        Assert.Equal(RunStatus.Succeeded, (await GetAsync(made.Run.Id, 30)).Status);
    }
}
