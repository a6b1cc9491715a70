using System.Collections.Concurrent;
using System.Net.Http.Json;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

public sealed class ApprovalsOnSqlite(SqliteFixture fixture) : ApprovalTests(fixture), IClassFixture<SqliteFixture>;

public sealed class ApprovalsOnPostgres(PostgresFixture fixture) : ApprovalTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Somebody else's yes: who may say it, what it is bound to, and when it falls.</summary>
public abstract class ApprovalTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Whole_SomebodyElseSaysYes_RunsThen()
    {
        var (mark, fleet, run, approval) = await AskAsync("yes");
        Assert.Equal((JobRunStatus.Approval, null, "look"), (run.Status, approval.Step, approval.Message));
        using var other = await OtherAsync();
        var own = await TryAsync(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = approval.Hash });
        Assert.Equal((403, true), ((int)own.Status, own.Body.Contains("own-approval", StringComparison.Ordinal)));
        Assert.Equal(409, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = "0" }, other)).Status);
        Assert.Equal(400, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true }, other)).Status);
        Assert.False(fleet[0].Starts.Reader.TryRead(out _));
        var decided = await other.SendAsync<ApprovalView>(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = approval.Hash, comment = "go" });
        Assert.Equal((ApprovalStatus.Approved, "go"), (decided.Status, decided.Comment));
        Assert.Equal(JobRunStatus.Succeeded, (await JobRunAsync(run.Id, 60)).Status);
        Assert.Equal(409, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = false }, other)).Status);
        await Server.AuditedAsync("approval.approve", true, run.Id.ToString());
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Whole_SomebodySaysNo_EndsAsRefused()
    {
        var (_, fleet, run, approval) = await AskAsync("no");
        using var other = await OtherAsync();
        await other.SendAsync<ApprovalView>(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = false, comment = "Friday" });
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Refused, 1), (ended.Status, ended.Counts["not-started"]));
        Assert.EndsWith("said no: Friday", ended.Reason, StringComparison.Ordinal);
        Assert.False(fleet[0].Starts.Reader.TryRead(out _));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Whole_JobChangesBeforeTheYes_Falls()
    {
        var (mark, fleet, run, approval) = await AskAsync("content");
        await ApplyAsync(Yaml(mark, "other"));
        await SayYesAsync(approval);
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Refused, ApprovalStatus.Fallen), (ended.Status, ended.Approvals!.Single().Status));
        Assert.False(fleet[0].Starts.Reader.TryRead(out _));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Whole_DevicesChangeBeforeTheYes_Falls()
    {
        var (mark, fleet, run, approval) = await AskAsync("devices");
        await using var more = await Server.ConnectAsync($"{mark}-more", new() { ["fleet"] = mark });
        await SayYesAsync(approval);
        Assert.Equal(JobRunStatus.Refused, (await JobRunAsync(run.Id, 60)).Status);
        Assert.False(fleet[0].Starts.Reader.TryRead(out _));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Whole_NobodyInTime_Expires()
    {
        var mark = Mark("late");
        var fleet = await FleetAsync(mark, 1);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\napproval: {{wait: 100ms}}\nsteps: [{{command: x}}]\n");
        var run = await RunAsync(mark);
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Refused, ApprovalStatus.Expired), (ended.Status, ended.Approvals!.Single().Status));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Step_InTheMiddle_HoldsWhatComesAfterIt()
    {
        var mark = Mark("middle");
        var fleet = await FleetAsync(mark, 3, (i, start) => i == 1 && start.Command == "one" ? Failed() : Succeeded());
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nrollout: {{batch: 1, stopAfter: 2}}\nsteps: [{{command: one}}, {{approval: {{message: good?}}}}, {{command: two}}]\n");
        var run = await RunAsync(mark);
        var waiting = await BecomesAsync(run.Id, r => r.Status == JobRunStatus.Approval, "waiting for a yes");
        var approval = waiting.Approvals!.Single();
        Assert.Equal((1, "good?", 2), (approval.Step!.Value, approval.Message, waiting.Counts["pending"]));
        Assert.Equal([approval.Id], (await Server.Owner.GetFromJsonAsync<Page<ApprovalView>>("/api/v1/approvals?waiting=true&limit=500", Cancelled))!.Items.Where(a => a.JobRunId == run.Id).Select(a => a.Id));
        using var other = await OtherAsync();
        await other.SendAsync<ApprovalView>(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = approval.Hash });
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Failed, 2, 1), (ended.Status, ended.Counts["succeeded"], ended.Counts["failed"]));
        Assert.Equal([1, 0, 1], ended.Steps!.Select(s => Math.Min(1, s.Runs.Count)));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Called_ThatChangesAfterTheYes_IsNotCalled()
    {
        var mark = Mark("called");
        var hold = new ConcurrentQueue<StartExecution>();
        var fleet = await FleetAsync(mark, 1, (_, start) =>
        {
            hold.Enqueue(start);
            return start.Command == "long" ? null : Succeeded();
        });
        await ApplyAsync($"name: {mark}-b\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: agreed}}]\n");
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\napproval: {{}}\nsteps: [{{command: long}}, {{job: {{name: {mark}-b}}}}]\n");
        var run = await RunAsync(mark);
        await SayYesAsync(run.Approvals!.Single());
        var start = await EventuallyAsync(() => Task.FromResult(hold.TryDequeue(out var begun) ? begun : null), "it begins");
        await ApplyAsync($"name: {mark}-b\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: other}}]\n");
        await fleet[0].ReportAsync(Report(start.ExecutionId, Succeeded()));
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal(JobRunStatus.Failed, ended.Status);
        Assert.Contains("was changed after the yes", ended.Reason, StringComparison.Ordinal);
        Assert.Empty(hold);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Retry_OfAJobThatNeedsAYesAndHasAnotherVersion_IsRefusedBeforeAnythingIsDone()
    {
        var mark = Mark("older");
        var fleet = await FleetAsync(mark, 1, (_, _) => Failed());
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: stop}}, {{approval: {{}}}}, {{command: start}}]\n");
        var run = await JobRunAsync((await RunAsync(mark)).Id, 60);
        Assert.Equal(JobRunStatus.Failed, run.Status);
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: stop it}}, {{approval: {{}}}}, {{command: start}}]\n");
        var (status, body) = await TryAsync(HttpMethod.Post, $"/api/v1/job-runs/{run.Id}/retry");
        Assert.Equal((409, true), ((int)status, body.Contains("job-changed", StringComparison.Ordinal)));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Decide_WhoMayNotRunJobsThere_IsTurnedAway()
    {
        var (_, fleet, run, approval) = await AskAsync("rights");
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator, "env=elsewhere");
        using var client = await Server.ClientAsync(person);
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = approval.Hash }, client)).Status);
        Assert.Equal(404, (int)(await TryAsync(HttpMethod.Post, $"/api/v1/job-runs/{run.Id}/cancel", null, client)).Status);
        await EndAsync(fleet);
    }

    private static string Yaml(string mark, string command) =>
        $"name: {mark}\ntarget: {{selector: fleet={mark}}}\napproval: {{message: look}}\nsteps: [{{command: {command}}}]\n";

    private async Task<(string Mark, FakeAgent[] Fleet, JobRunView Run, ApprovalView Approval)> AskAsync(string word)
    {
        var mark = Mark(word);
        var fleet = await FleetAsync(mark, 1);
        await ApplyAsync(Yaml(mark, "x"));
        var run = await RunAsync(mark);
        return (mark, fleet, run, run.Approvals!.Single());
    }

    // the run may have seen the change before, or see it after
    private async Task SayYesAsync(ApprovalView approval)
    {
        using var other = await OtherAsync();
        Assert.Contains((int)(await TryAsync(HttpMethod.Post, $"/api/v1/approvals/{approval.Id}", new { approve = true, hash = approval.Hash }, other)).Status, new[] { 200, 409 });
    }

    private async Task<HttpClient> OtherAsync() => await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator));
}
