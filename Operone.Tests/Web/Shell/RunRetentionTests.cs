using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Kernel.Jobs;
using Operone.Web.Data;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Shell;

public sealed class RunRetentionOnSqlite(SqliteFixture fixture) : RunRetentionTests(fixture), IClassFixture<SqliteFixture>;

public sealed class RunRetentionOnPostgres(PostgresFixture fixture) : RunRetentionTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Runs go when they are old, and those that are not over, or are part of something else, do not.</summary>
public abstract class RunRetentionTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Retention_OldRuns_GoWithTheirOutput_AndThoseThatAreNotOverOrOfAJobStay()
    {
        var mark = Mark("aged");
        await using var agent = await ConnectEchoAsync($"{mark}-echo");
        await using var silent = await Server.ConnectAsync($"{mark}-silent");
        var old = await GetAsync((await CreateOnAsync(agent, "printed")).Id, 30);
        Assert.Equal("printed"u8.ToArray(), await OutputAsync(old, agent));
        var open = await CreateOnAsync(silent);
        await StartedAsync(silent);
        var young = await GetAsync((await CreateOnAsync(agent)).Id, 30);

        var fleet = await FleetAsync(mark, 1);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: x}}]\n");
        var job = await JobRunAsync((await RunAsync(mark)).Id, 60);
        var ofJob = job.Steps!.Single().Runs.Single();
        var databases = Server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>();
        await using var db = await databases.CreateDbContextAsync(Cancelled);
        await db.Set<Run>().Where(r => r.Id == ofJob).ExecuteUpdateAsync(r => r.SetProperty(x => x.Kind, RunKind.Pipeline), Cancelled);
        var later = DateTimeOffset.UtcNow.AddDays(100);
        await db.Set<Run>().Where(r => r.Id == young.Id).ExecuteUpdateAsync(r => r.SetProperty(x => x.EndedAt, later), Cancelled);

        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(366));
        await RemoveAsync(0);
        await RemoveAsync(400);
        Assert.Equal(new[] { old.Id, open.Id, young.Id, ofJob }.Order(), await LeftAsync());
        await RemoveAsync(365);
        await RemoveAsync(365);
        Assert.Equal(new[] { open.Id, young.Id, ofJob }.Order(), await LeftAsync());
        Assert.False(await db.Set<Execution>().AnyAsync(e => e.RunId == old.Id, Cancelled));
        Assert.False(await db.Set<JournalEntry>().AnyAsync(e => e.RunId == old.Id, Cancelled));
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Get, $"/api/v1/runs/{old.Id}")).Status);
        await EndAsync(fleet);

        Task RemoveAsync(int days) => ActivatorUtilities.CreateInstance<RunRetention>(
            Server.Services, Options.Create(new ShellOptions { RunDays = days }), time, NullLogger<RunRetention>.Instance).RunAsync(Cancelled);

        async Task<IEnumerable<Guid>> LeftAsync()
        {
            var mine = new[] { old.Id, open.Id, young.Id, ofJob };
            return (await db.Set<Run>().Where(r => mine.Contains(r.Id)).Select(r => r.Id).ToListAsync(Cancelled)).Order();
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(40_000)]
    public void Options_OutOfRange_AreRefused(int days) =>
        Assert.Contains("Operone:Shell:RunDays", new ShellOptionsValidation().Validate(null, new ShellOptions { RunDays = days }).FailureMessage, StringComparison.Ordinal);
}
