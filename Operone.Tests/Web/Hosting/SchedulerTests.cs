using Microsoft.Extensions.DependencyInjection;
using Operone.Tests.Hosting;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting;

public abstract class SchedulerTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task RecurringJob_WhenItsTimeComes_IsDone()
    {
        var job = new FakeJob();
        await using var server = await Fixture.StartAnotherAsync(configure: builder => builder.Services.AddSingleton<IRecurringJob>(job));
        await job.Done.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Assert.DoesNotContain(server.Log.Lines, l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    private sealed class FakeJob : IRecurringJob
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => "fake";

        // Each second.
        public string Cron => "* * * * * *";

        public Task RunAsync(CancellationToken cancellationToken)
        {
            Done.TrySetResult();
            return Task.CompletedTask;
        }
    }
}

public sealed class SchedulerOnSqlite(SqliteFixture fixture) : SchedulerTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SchedulerOnPostgres(PostgresFixture fixture) : SchedulerTests(fixture), IClassFixture<PostgresFixture>;
