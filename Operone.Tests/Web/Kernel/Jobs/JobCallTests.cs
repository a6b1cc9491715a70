using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Events.Webhooks;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

public sealed class JobCallsOnSqlite(SqliteWebhooksFixture fixture) : JobCallTests(fixture), IClassFixture<SqliteWebhooksFixture>;

public sealed class JobCallsOnPostgres(PostgresWebhooksFixture fixture) : JobCallTests(fixture), IClassFixture<PostgresWebhooksFixture>;

/// <summary>Steps that are done once for all devices: other jobs and webhooks. And who is told of a run.</summary>
public abstract class JobCallTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Steps_ThatCallAJobAndAWebhook_AreDoneOnceBetweenThoseOfTheDevices()
    {
        var mark = Mark("calls");
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var other = await WebhookReceiver.StartAsync();
        await HookAsync($"{mark}-hook", receiver, "nothing.like-this");
        await HookAsync($"{mark}-all", other, "job-run.called");
        var told = new ConcurrentQueue<string>();
        var fleet = await FleetAsync(mark, 2, (i, start) =>
        {
            told.Enqueue($"{start.Command} {start.Environment?.GetValueOrDefault("PARAM_WHAT")}".Trim());
            return Succeeded();
        });
        await ApplyAsync("""
            name: MARK-child
            parameters: [{name: what}, {name: key, type: secret}]
            steps: [{command: child}]
            """.Replace("MARK", mark, StringComparison.Ordinal));
        await ApplyAsync("""
            name: MARK
            target: {selector: fleet=MARK}
            parameters: [{name: version}, {name: key, type: secret}]
            steps:
              - command: before
              - job: {name: MARK-child, parameters: {what: "{{version}}", key: "{{key}}"}}
              - webhook: {name: MARK-hook, data: {stage: canary, build: "{{version}}"}}
              - command: after
              - webhook: {name: MARK-hook}
            """.Replace("MARK", mark, StringComparison.Ordinal));
        var run = await JobRunAsync((await RunAsync(mark, new { parameters = new { version = "7", key = "hunter22" } })).Id, 60);
        Assert.True(run.Status == JobRunStatus.Succeeded, run.Reason);
        Assert.Equal(["before", "before", "child 7", "child 7", "after", "after"], told);
        Assert.Equal(2, run.Counts["succeeded"]);
        Assert.Equal([null, "job", "webhook", null, "webhook"], run.Steps!.Select(s => s.Call?.Kind));
        Assert.All(run.Steps!.Select(s => s.Call).OfType<JobRunCallView>(), call => Assert.Equal(JobCallStatus.Succeeded, call.Status));

        var child = await JobRunAsync(run.Steps![1].Call!.Id);
        Assert.Equal((run.Id, $"step 2 of {mark}", JobRunStatus.Succeeded, 2), (child.ParentId!.Value, child.Cause, child.Status, child.Devices));
        Assert.Equal("***", child.Parameters!["key"]);
        var calls = receiver.Received.Select(r => JsonSerializer.Deserialize(r.Body, OperoneJson.Default.EventView)!).ToArray();
        Assert.Equal([run.Steps[2].Call!.Id, run.Steps[4].Call!.Id], calls.Select(c => c.Id));
        Assert.Equal(("canary", "7", mark, "3"), (calls[0].Data.Details!["stage"], calls[0].Data.Details!["build"], calls[0].Data.Details!["job"], calls[0].Data.Details!["step"]));
        Assert.Empty(other.Received); // a call is for the webhook that it names
        Assert.DoesNotContain("hunter22", await Server.Owner.GetStringAsync("/api/v1/events?limit=100", Cancelled), StringComparison.Ordinal);
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Call_ThatFails_EndsTheRun_AndItsNewsGoToWhomItSays()
    {
        var mark = Mark("fails");
        await using var receiver = await WebhookReceiver.StartAsync();
        await HookAsync($"{mark}-hook", receiver, "nothing.like-this");
        var fleet = await FleetAsync(mark, 1, (_, start) => start.Command == "bad" ? Failed(9) : Succeeded());
        await ApplyAsync($"name: {mark}-child\nsteps: [{{command: bad}}]\n");
        await ApplyAsync("""
            name: MARK
            target: {selector: fleet=MARK}
            notify: {webhooks: [MARK-hook]}
            steps: [{command: good}, {job: {name: MARK-child}}, {command: never}]
            """.Replace("MARK", mark, StringComparison.Ordinal));
        var run = await JobRunAsync((await RunAsync(mark)).Id, 60);
        Assert.Equal((JobRunStatus.Failed, $"Run job {mark}-child: the job {mark}-child failed: 1 of 1 devices failed"), (run.Status, run.Reason));
        Assert.Equal(JobCallStatus.Failed, run.Steps![1].Call!.Status);
        Assert.Equal(JobDeviceStatus.Cancelled, (await DevicesAsync(run.Id)).Single().Status);
        await Eventually.BecomesAsync(() => Task.FromResult(!receiver.Received.IsEmpty), "it is told", 30);
        var told = JsonSerializer.Deserialize(Assert.Single(receiver.Received).Body, OperoneJson.Default.EventView)!;
        Assert.Equal((EventTypes.JobRunEnded, run.Id.ToString(), "failed"), (told.Type, told.Subject, told.Data.Details!["status"]));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Call_WithRetries_IsTriedAgain_EachTimeAsARunOfItsOwn()
    {
        var mark = Mark("retried");
        var (tries, second) = (0, new ConcurrentQueue<StartExecution>());
        var fleet = await FleetAsync(mark, 1, (_, start) =>
        {
            switch (start.Command == "bad" ? ++tries : 0)
            {
                case 1:
                    return Failed(9);
                case 2:
                    second.Enqueue(start);
                    return null;
                default:
                    return Succeeded();
            }
        });
        await ApplyAsync($"name: {mark}-child\nsteps: [{{command: bad}}]\n");
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-child}}, retries: {{count: 2, pause: 100ms}}}}, {{command: after}}]\n");
        var run = await RunAsync(mark);
        await EventuallyAsync(() => Task.FromResult(!second.IsEmpty), "it is tried again");
        var again = await JobRunAsync(run.Id);
        Assert.Equal((JobRunStatus.Running, JobCallStatus.Running, 2), (again.Status, again.Steps![0].Call!.Status, again.Steps[0].Call!.Attempt));
        Assert.Equal($"the job {mark}-child failed: 1 of 1 devices failed", again.Steps[0].Call!.Reason);
        await fleet[0].ReportAsync(Report(second.Single().ExecutionId, Failed(9)));
        var ended = await JobRunAsync(run.Id, 60);
        Assert.Equal((JobRunStatus.Succeeded, 3, JobCallStatus.Succeeded, null), (ended.Status, ended.Steps![0].Call!.Attempt, ended.Steps[0].Call!.Status, ended.Steps[0].Call!.Reason));
        Assert.Equal(3, (await Server.Owner.GetFromJsonAsync<Operone.Core.Page<JobRunView>>($"/api/v1/job-runs?job={mark}-child", Cancelled))!.Items.Count(r => r.ParentId == run.Id));
        await EndAsync(fleet);
    }

    [Theory]
    [InlineData("")]
    [InlineData("placement: {count: 1, needs: {cpu: 0.5}}\n")]
    public async Task Retry_OfARunWhoseLastCallFailed_CallsThatAgain_AndNothingThatWasDone(string placement)
    {
        var mark = Mark("lastcall");
        await using var receiver = await WebhookReceiver.StartAsync();
        await HookAsync($"{mark}-hook", receiver, "nothing.like-this");
        var (told, isBroken) = (new ConcurrentQueue<string>(), true);
        var fleet = await FleetAsync(mark, placement.Length > 0 ? 1 : 2, (_, start) =>
        {
            told.Enqueue(start.Command!);
            return isBroken && start.Command == "bad" ? Failed(9) : Succeeded();
        });
        await ApplyAsync($"name: {mark}-child\ntarget: {{devices: [{mark}-0]}}\nsteps: [{{command: bad}}]\n");
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\n{placement}steps: [{{command: good}}, {{webhook: {{name: {mark}-hook}}}}, {{job: {{name: {mark}-child}}}}]\n");
        var run = await JobRunAsync((await RunAsync(mark)).Id, 60);
        Assert.Equal((JobRunStatus.Failed, fleet.Length), (run.Status, run.Counts["succeeded"]));
        told.Clear();

        // once more in vain, and then not
        var vain = await JobRunAsync((await ActAsync(run.Id, "retry")).Id, 60);
        Assert.Equal((JobRunStatus.Failed, run.Reason, run.Id, fleet.Length), (vain.Status, vain.Reason, vain.RetryOf!.Value, vain.Counts["succeeded"]));
        isBroken = false;
        var again = await JobRunAsync((await ActAsync(vain.Id, "retry")).Id, 60);
        Assert.True(again.Status == JobRunStatus.Succeeded, again.Reason);
        Assert.Equal([null, null, JobCallStatus.Succeeded], again.Steps!.Select(s => s.Call?.Status));
        Assert.Equal(["bad", "bad"], told);
        Assert.Single(receiver.Received);
        Assert.Equal((System.Net.HttpStatusCode.Conflict, true), (await TryAsync(HttpMethod.Post, $"/api/v1/job-runs/{again.Id}/retry") is var (status, body) ? status : default, body.Contains("job-run-complete", StringComparison.Ordinal)));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Call_OfWhatCannotBe_FailsInWords()
    {
        var mark = Mark("cannot");
        var fleet = await FleetAsync(mark, 1);
        var target = $"target: {{selector: fleet={mark}}}\n";
        Assert.Equal($"Run job {mark}-none: there is no job '{mark}-none'", await ReasonAsync($"name: {mark}-a\n{target}steps: [{{job: {{name: {mark}-none}}}}]\n"));
        Assert.Equal($"Call webhook {mark}-none: there is no webhook '{mark}-none'", await ReasonAsync($"name: {mark}-b\n{target}steps: [{{webhook: {{name: {mark}-none}}}}]\n"));

        // it ends, however deep
        Assert.Contains("more than 8 jobs have called each other in a row", await ReasonAsync($"name: {mark}-c\n{target}steps: [{{job: {{name: {mark}-c}}}}]\n"), StringComparison.Ordinal);

        await ApplyAsync($"name: {mark}-open\nparameters: [{{name: key}}]\nsteps: [{{command: x}}]\n");
        await ApplyAsync("""
            name: MARK-d
            TARGETparameters: [{name: key, type: secret}]
            steps: [{job: {name: MARK-open, parameters: {key: "{{key}}"}}}]
            """.Replace("MARK", mark, StringComparison.Ordinal).Replace("TARGET", target, StringComparison.Ordinal));
        var run = await JobRunAsync((await RunAsync($"{mark}-d", new { parameters = new { key = "hunter22" } })).Id, 60);
        Assert.Contains("a secret would go to the parameter 'key'", run.Reason, StringComparison.Ordinal);
        await EndAsync(fleet);

        async Task<string> ReasonAsync(string yaml)
        {
            var run = await JobRunAsync((await RunAsync((await ApplyAsync(yaml)).Job.Name)).Id, 60);
            Assert.Equal(JobRunStatus.Failed, run.Status);
            return run.Reason!;
        }
    }

    [Fact]
    public async Task Run_ThatIsCancelledOrTakesTooLong_EndsWhatItCalled()
    {
        var mark = Mark("cancel");
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.AnswerWith(503);
        await HookAsync($"{mark}-hook", receiver, "nothing.like-this");
        var fleet = await FleetAsync(mark, 1, (_, _) => null);
        await ApplyAsync($"name: {mark}-child\nsteps: [{{command: long}}]\n");
        await ApplyAsync($"name: {mark}\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-child}}}}]\n");
        var run = await BecomesAsync((await RunAsync(mark)).Id, r => r.Steps![0].Call is not null, "it has called");
        var child = run.Steps![0].Call!.Id;
        await fleet[0].Starts.Reader.ReadAsync(Cancelled);
        await ActAsync(run.Id, "cancel");
        var cancel = await fleet[0].Cancels.Reader.ReadAsync(Cancelled);
        await fleet[0].ReportAsync(Report(cancel.ExecutionId, new(ExecutionStatus.Cancelled, null, "Cancelled.", DateTimeOffset.UtcNow, 0, 0)));
        Assert.Equal(JobRunStatus.Cancelled, (await JobRunAsync(run.Id, 60)).Status);
        Assert.Equal(JobRunStatus.Cancelled, (await JobRunAsync(child, 60)).Status);

        await ApplyAsync($"name: {mark}-slow\ntarget: {{selector: fleet={mark}}}\nsteps: [{{webhook: {{name: {mark}-hook}}, timeout: 1s}}]\n");
        var slow = await JobRunAsync((await RunAsync($"{mark}-slow")).Id, 60);
        Assert.Equal((JobRunStatus.Failed, $"Call webhook {mark}-hook: it took longer than 1s"), (slow.Status, slow.Reason));
        await EndAsync(fleet);
    }

    [Fact]
    public async Task Author_WhoMayNotOnWhatIsCalled_IsRefused()
    {
        var mark = Mark("author");
        var fleet = await FleetAsync(mark, 1);
        await using var far = await Server.ConnectAsync($"{mark}-far", new() { ["fleet"] = "far" });
        await ApplyAsync($"name: {mark}-far\ntarget: {{devices: [{mark}-far]}}\nsteps: [{{command: x}}]\n");
        var role = await Server.Owner.MakeRoleAsync(mark, Permissions.JobsManage, Permissions.JobsRun, Permissions.JobsRead, Permissions.DevicesRead);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, person, $"fleet={mark}");
        using var author = await Server.ClientAsync(person);
        await ApplyAsync($"name: {mark}-near\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: x}}, {{job: {{name: {mark}-near}}}}]\n");
        await ApplyAsync($"name: {mark}-a\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-near}}}}]\n", author);
        foreach (var step in new[]
        {
            $"job: {{name: {mark}-far}}", $"job: {{name: {mark}-near, target: {{devices: [{mark}-far]}}}}",
            $"pipeline: {{stages: [{{device: {mark}-0, command: a}}, {{device: {mark}-far, command: b}}]}}", $"pipeline: {{stages: [{{device: {mark}-0, command: a}}, {{device: later, command: b}}]}}",
        })
        {
            var (status, body) = await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", $"name: {mark}-b\ntarget: {{selector: fleet={mark}}}\nsteps: [{{{step}}}]\n", author);
            Assert.True((int)status is 400 or 403, $"{step}: {status} {body}");
        }

        // who may write jobs and run none does not write what another job calls
        await ApplyAsync($"name: {mark}-inner\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: x}}]\n");
        var writes = await Server.Owner.MakeRoleAsync($"{mark}-w", Permissions.JobsManage, Permissions.JobsRead, Permissions.DevicesRead);
        var writer = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(writes.Name, writer, $"fleet={mark}");
        using var writing = await Server.ClientAsync(writer);
        await ApplyAsync($"name: {mark}-inner\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: y}}]\n", writing);
        await ApplyAsync($"name: {mark}-outer\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-inner}}}}]\n");
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", $"name: {mark}-inner\ntarget: {{selector: fleet={mark}}}\nsteps: [{{command: z}}]\n", writing)).Status);

        // nor one without a target, who may write those; and not one of a name that is called already
        var all = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(writes.Name, all);
        using var everywhere = await Server.ClientAsync(all);
        await ApplyAsync($"name: {mark}-open\nsteps: [{{command: x}}]\n");
        await ApplyAsync($"name: {mark}-open\nsteps: [{{command: y}}]\n", everywhere);
        await ApplyAsync($"name: {mark}-calls\ntarget: {{selector: fleet={mark}}}\nsteps: [{{job: {{name: {mark}-open}}}}, {{job: {{name: {mark}-later}}}}]\n");
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", $"name: {mark}-open\nsteps: [{{command: z}}]\n", everywhere)).Status);
        Assert.Equal(403, (int)(await TryAsync(HttpMethod.Post, "/api/v1/jobs/apply", $"name: {mark}-later\nsteps: [{{command: z}}]\n", everywhere)).Status);
        await EndAsync(fleet);
    }

    private async Task HookAsync(string name, WebhookReceiver receiver, params string[] types)
    {
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/webhooks", new WriteWebhook(name, $"{receiver.Url}/hook", types), OperoneJson.Default.WriteWebhook, Cancelled);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
    }
}
