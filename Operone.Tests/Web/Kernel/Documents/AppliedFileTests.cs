using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Kernel.Alerts;
using Operone.Core.Kernel.Schedules;
using Operone.Tests.Hosting;
using Operone.Tests.Web.Access;
using Operone.Tests.Web.Kernel.Jobs;
using Xunit;

namespace Operone.Tests.Web.Kernel.Documents;

public sealed class AppliedFilesOnSqlite(SqliteFixture fixture) : AppliedFileTests(fixture), IClassFixture<SqliteFixture>;

public sealed class AppliedFilesOnPostgres(PostgresFixture fixture) : AppliedFileTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>Files with alert rules and maintenance windows, applied through REST.</summary>
public abstract class AppliedFileTests(ServerFixture fixture) : JobTests(fixture)
{
    [Fact]
    public async Task Rules_OfAFile_AreAllMadeOrNone_AndTheSameOnceMoreChangesNothing()
    {
        var mark = Mark("rules");
        var file = $"- name: {mark}-a\n  offline: true\n  selector: fleet = {mark}\n  for: 5m\n- name: {mark}-b\n  job: '*'\n";
        Assert.Equal(["created", "created"], (await RulesAsync(file)).Select(r => r.Outcome));
        Assert.Equal(["unchanged", "unchanged"], (await RulesAsync(file)).Select(r => r.Outcome));
        Assert.Equal(["updated", "unchanged"], (await RulesAsync(file.Replace("5m", "6m", StringComparison.Ordinal))).Select(r => r.Outcome));
        Assert.Equal($"device offline for 6m on fleet={mark}", (await RuleAsync($"{mark}-a"))!.Text);
        await Server.AuditedAsync("alert-rule.update", true, $"{mark}-a");

        // one that is wrong keeps all from being written
        var (status, body) = await TryAsync(HttpMethod.Post, "/api/v1/alert-rules/apply", $"- {{name: {mark}-c, offline: true}}\n- {{name: {mark}-d}}\n");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("line 2, column ", body, StringComparison.Ordinal);
        Assert.Null(await RuleAsync($"{mark}-c"));

        // and so does one of somebody else
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator, $"fleet={mark}");
        using var other = await Server.ClientAsync(person);
        Assert.Equal("created", Assert.Single(await RulesAsync($"name: {mark}-e\noffline: true\n", other)).Outcome);
        var refused = await TryAsync(HttpMethod.Post, "/api/v1/alert-rules/apply", $"- {{name: {mark}-f, offline: true}}\n- {{name: {mark}-a, offline: true}}\n", other);
        Assert.True(refused.Status is HttpStatusCode.Forbidden or HttpStatusCode.Conflict, refused.Body);
        Assert.Null(await RuleAsync($"{mark}-f"));

        // who applies what somebody else wrote takes it over
        Assert.Equal("updated", Assert.Single(await RulesAsync($"name: {mark}-e\noffline: true\n")).Outcome);
    }

    [Fact]
    public async Task Windows_OfAFile_AreAllMadeOrNone_AndTheSameOnceMoreChangesNothing()
    {
        var mark = Mark("windows");
        await using var held = await Server.ConnectAsync($"{mark}-held", new() { ["held"] = mark });
        var file = $"- {{name: {mark}-a, selector: held={mark}, calendar: every day at 22:00, duration: 4h}}\n- {{name: {mark}-b, selector: held={mark}, mode: never, at: 2031-01-01T00:00:00Z, duration: 1d}}\n";
        Assert.Equal([("created", 1), ("created", 1)], (await WindowsAsync(file)).Select(w => (w.Outcome, w.Window.Devices)));
        Assert.Equal(["unchanged", "unchanged"], (await WindowsAsync(file)).Select(w => w.Outcome));
        Assert.Equal(["updated", "unchanged"], (await WindowsAsync(file.Replace("4h", "5h", StringComparison.Ordinal))).Select(w => w.Outcome));

        // whoever may not manage jobs on all its devices writes none of the file
        var role = await Server.Owner.MakeRoleAsync(mark, Permissions.JobsManage, Permissions.JobsRead);
        var person = await Server.CreatePersonAsync();
        await Server.Owner.GiveAsync(role.Name, person, $"held={mark}");
        using var limited = await Server.ClientAsync(person);
        var refused = await TryAsync(HttpMethod.Post, "/api/v1/maintenance-windows/apply", $"- {{name: {mark}-c, selector: held={mark}, cron: 0 3 * * *, duration: 1h}}\n- {{name: {mark}-d, cron: 0 3 * * *, duration: 1h}}\n", limited);
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Equal("created", Assert.Single(await WindowsAsync($"name: {mark}-e\nselector: held={mark}\ncron: 0 3 * * *\nduration: 1h\n", limited)).Outcome);
        var names = (await Server.Owner.GetFromJsonAsync<Page<MaintenanceWindowView>>("/api/v1/maintenance-windows", Cancelled))!.Items.Select(w => w.Definition.Name!).Where(n => n.StartsWith(mark, StringComparison.Ordinal));
        Assert.Equal([$"{mark}-a", $"{mark}-b", $"{mark}-e"], names);
    }

    private async Task<IReadOnlyList<AppliedAlertRule>> RulesAsync(string file, HttpClient? by = null) => (await AppliedAsync<AppliedAlertRules>("alert-rules", file, by)).Rules;

    private async Task<IReadOnlyList<AppliedWindow>> WindowsAsync(string file, HttpClient? by = null) => (await AppliedAsync<AppliedWindows>("maintenance-windows", file, by)).Windows;

    private async Task<T> AppliedAsync<T>(string what, string file, HttpClient? by)
    {
        var (status, body) = await TryAsync(HttpMethod.Post, $"/api/v1/{what}/apply", file, by);
        Assert.True(status == HttpStatusCode.OK, body);
        return JsonSerializer.Deserialize<T>(body, JsonSerializerOptions.Web)!;
    }

    private async Task<AlertRuleView?> RuleAsync(string name)
    {
        using var response = await Server.Owner.GetAsync(new Uri($"/api/v1/alert-rules/{name}", UriKind.Relative), Cancelled);
        return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<AlertRuleView>(Cancelled) : null;
    }
}
