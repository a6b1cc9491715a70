using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Operone.Core.Kernel.Jobs;
using Operone.Tests.Hosting;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

public sealed class JobRunRetentionOnSqlite(SqliteFixture fixture) : JobRunRetentionTests(fixture), IClassFixture<SqliteFixture>;

public sealed class JobRunRetentionOnPostgres(PostgresFixture fixture) : JobRunRetentionTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Runs of jobs go when they are old, and those that something still hangs on do not.</summary>
public abstract class JobRunRetentionTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Retention_OldRuns_GoWithAllThatTheyMade_AndThoseThatAreNotOverStay()
    {
        var mark = Mark("old");
        var fleet = await FleetAsync(mark, 1, (_, start) => start.Command == "hang" ? null : Succeeded());
        await ApplyAsync($"name: {mark}-quick\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: quick}}]\n");
        await ApplyAsync($"name: {mark}-hang\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: hang}}]\n");
        await ApplyAsync($"name: {mark}-calls\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-quick}}}}, {{command: quick}}]\n");
        await ApplyAsync($"name: {mark}-goes-on\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-quick}}}}, {{command: hang}}]\n");
        await ApplyAsync($"name: {mark}-gave-up\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-hang}}}}]\n");

        var over = await JobRunAsync((await RunAsync($"{mark}-calls")).Id, 60);
        var overChild = await JobRunAsync(over.Steps![0].Call!.Id);
        Assert.Equal((JobRunStatus.Succeeded, JobRunStatus.Succeeded), (over.Status, overChild.Status));
        var stepRun = await EventuallyAsync(async () => (await JobRunAsync(overChild.Id)).Steps![0].Runs is [var one, ..] ? one : (Guid?)null, "the run of its step");
        var young = await JobRunAsync((await RunAsync($"{mark}-quick")).Id, 60);
        // its second step runs and runs, its first one called what is over
        var goesOn = await BecomesAsync((await RunAsync($"{mark}-goes-on")).Id, r => r.Steps![0].Call?.Status == JobCallStatus.Succeeded, "it has called");
        // it has ended, and what it called has not
        var gaveUp = await BecomesAsync((await RunAsync($"{mark}-gave-up")).Id, r => r.Steps![0].Call is not null, "it calls");
        await EventuallyAsync(async () => (await TryAsync(HttpMethod.Get, $"/api/v1/job-runs/{gaveUp.Steps![0].Call!.Id}")).Body.Contains("\"running\"", StringComparison.Ordinal) ? "" : null, "the called one runs");
        await ActAsync(gaveUp.Id, "cancel");
        await BecomesAsync(gaveUp.Id, r => r.EndedAt is not null, "it has ended");
        var databases = Server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>();
        await using var db = await databases.CreateDbContextAsync(Cancelled);
        var later = DateTimeOffset.UtcNow.AddDays(30);
        await db.Set<JobRun>().Where(r => r.Id == young.Id).ExecuteUpdateAsync(r => r.SetProperty(x => x.EndedAt, later), Cancelled);

        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(91));
        await RemoveAsync(0);
        await RemoveAsync(100);
        Assert.True(await db.Set<JobRun>().AnyAsync(r => r.Id == over.Id, Cancelled));
        await RemoveAsync(90);
        await RemoveAsync(90);
        var left = await db.Set<JobRun>().Select(r => r.Id).ToListAsync(Cancelled);
        Assert.DoesNotContain(over.Id, left);
        Assert.DoesNotContain(overChild.Id, left);
        Assert.Superset(new HashSet<Guid>([young.Id, goesOn.Id, goesOn.Steps![0].Call!.Id, gaveUp.Id, gaveUp.Steps![0].Call!.Id]), left.ToHashSet());
        Assert.Equal(5, left.Count);
        Assert.False(await db.Set<Run>().AnyAsync(r => r.Id == stepRun, Cancelled));
        Assert.False(await db.Set<JournalEntry>().AnyAsync(e => e.RunId == stepRun, Cancelled));
        Assert.All(await db.Set<JobRunPart>().Select(p => p.JobRunId).ToListAsync(Cancelled), id => Assert.Contains(id, left));
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Get, $"/api/v1/job-runs/{over.Id}")).Status);
        await EndAsync(fleet);

        Task RemoveAsync(int days) => new JobRunRetention(databases, Server.Services.GetRequiredService<RunRemoval>(),
            Options.Create(new JobRunOptions { RunDays = days }), time, NullLogger<JobRunRetention>.Instance).RunAsync(Cancelled);
    }
}
