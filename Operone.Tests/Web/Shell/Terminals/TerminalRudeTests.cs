using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Runtime.Versioning;
using System.Text;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell.Terminals;

[SupportedOSPlatform("linux")]
public sealed class TerminalRudeOnSqlite(SqliteFixture f) : TerminalRudeTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class TerminalRudeOnPostgres(PostgresFixture f) : TerminalRudeTests(f), IClassFixture<PostgresFixture>;

/// <summary>People at a terminal who ask for more than they may, lose what they had, or say what makes no sense.</summary>
[SupportedOSPlatform("linux")]
public abstract class TerminalRudeTests(ServerFixture fixture) : TerminalScene(fixture)
{
    private const string Echo = "echo armed; while read x; do stty size; echo got-$x; done";

    private async Task<(TestPerson Person, HttpClient Client, string Token)> PersonAsync(params string[] permissions)
    {
        var person = await Server.CreatePersonAsync();
        await GrantAsync(person, permissions);
        var client = await Server.ClientAsync(person);
        return (person, client, client.DefaultRequestHeaders.Authorization!.Parameter!);
    }

    private async Task<Guid> GrantAsync(TestPerson person, string[] permissions, DateTimeOffset? until = null)
    {
        using var answer = await Server.Owner.PostAsJsonAsync("/api/v1/roles", new { name = $"role-{Guid.NewGuid():N}"[..30], permissions }, Cancelled);
        var role = (await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>(Cancelled)).GetProperty("id").GetGuid();
        return await Server.GrantAsync(person, new BuiltInRole(role, "", "", PermissionSet.None), until: until);
    }

    [Fact]
    public async Task Watcher_WhateverTheySay_NeitherTypesNorRaisesThemselvesNorBreaksAnything()
    {
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", Echo] });
        var (_, client, token) = await PersonAsync(Permissions.TerminalsJoin);
        using var _ = client;
        await using var owner = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await owner.SeesAsync("armed");
        await using var watcher = await TerminalSeat.TakeAsync(Server, terminal.Id, "columns=33&rows=11", token);
        var people = await watcher.HearsAsync(TerminalControls.People);
        Assert.False(people.MayType);
        foreach (var text in (string[])[
            """{"type":"mode","mayType":true}""", """{"type":"attach","mayType":true,"columns":5,"rows":5}""", """{"type":"people","people":[]}""",
            """{"type":"size","columns":44,"rows":22}""", """{"type":"ended","exitCode":0}""", """{"type":"ack","offset":9223372036854775807}""",
            """{"type":"ack","offset":-1}""", """{"type":"size","columns":"x"}""", "{", "[]", "null", "", "\0", new('[', 60_000)])
        {
            await watcher.SayAsync(Encoding.UTF8.GetBytes(text));
        }

        await watcher.TypeAsync("evil\n");
        await watcher.TypeAsync(new byte[300_000]);
        await owner.TypeAsync("good\n");
        await watcher.SeesAsync("got-good");
        Assert.Contains("24 80", watcher.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", watcher.Text, StringComparison.Ordinal);

        // a message of a megabyte ends the connection of whoever sent it, and nobody else's
        await watcher.SayAsync(new byte[1024 * 1024]);
        await watcher.EndsAsync();
        await owner.TypeAsync("after\n");
        await owner.SeesAsync("got-after");
        Assert.Null((await GetAsync(terminal.Id)).EndedAt);
    }

    [Theory]
    [InlineData("grant")]
    [InlineData("token")]
    [InlineData("person")]
    [InlineData("clock")]
    public async Task Watcher_WhoMayNotAnyMore_IsSentAway(string by)
    {
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", Echo] });
        var person = await Server.CreatePersonAsync();
        var until = by == "clock" ? DateTimeOffset.UtcNow.AddHours(1) : (DateTimeOffset?)null;
        var grant = await GrantAsync(person, [Permissions.TerminalsJoin, Permissions.TokensCreate], until);
        using var client = await Server.ClientAsync(person);
        await using var owner = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await using var watcher = await TerminalSeat.TakeAsync(Server, terminal.Id, "", client.DefaultRequestHeaders.Authorization!.Parameter!);
        await watcher.SeesAsync("armed");
        using var answer = by switch
        {
            "grant" => await Server.Owner.DeleteAsync(new Uri($"/api/v1/grants/{grant}", UriKind.Relative), Cancelled),
            "token" => await client.DeleteAsync(new Uri($"/api/v1/tokens/{await TokenIdAsync(client)}", UriKind.Relative), Cancelled),
            "person" => await Server.Owner.PostAsync(new Uri($"/api/v1/people/{person.Id}/disable", UriKind.Relative), null, Cancelled),
            _ => null,
        };
        if (answer is null)
        {
            await Server.LetEndAsync(grant);
        }

        Assert.True(answer?.IsSuccessStatusCode ?? true, answer is null ? "" : $"{answer.StatusCode} {await answer.Content.ReadAsStringAsync(Cancelled)}");
        await watcher.EndsAsync(20);
        await owner.HearsAsync(TerminalControls.People, c => c.People!.Count == 1);
        await owner.TypeAsync("still\n");
        await owner.SeesAsync("got-still");
        await Assert.ThrowsAsync<WebSocketException>(() => TerminalSeat.TakeAsync(Server, terminal.Id, "", client.DefaultRequestHeaders.Authorization!.Parameter!));
    }

    [Fact]
    public async Task Owner_WhoKeepsOnlyTheRightToJoin_Watches()
    {
        var person = await Server.CreatePersonAsync();
        var open = await GrantAsync(person, [Permissions.TerminalsOpen]);
        await GrantAsync(person, [Permissions.TerminalsJoin, Permissions.DevicesRead]);
        using var client = await Server.ClientAsync(person);
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", Echo] }, client);
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id, token: client.DefaultRequestHeaders.Authorization!.Parameter!);
        await seat.TypeAsync("before\n");
        await seat.SeesAsync("got-before");
        using var answer = await Server.Owner.DeleteAsync(new Uri($"/api/v1/grants/{open}", UriKind.Relative), Cancelled);
        await seat.HearsAsync(TerminalControls.Mode, c => c.MayType == false);
        await seat.TypeAsync("after\n");
        await using var other = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await other.SeesAsync("got-before");
        Assert.DoesNotContain("after", other.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guests_MayTypeWhileTheirOwnerLetsThem()
    {
        var terminal = await OpenAsync(new() { Argv = ["sh", "-c", Echo] });
        var (_, client, token) = await PersonAsync(Permissions.TerminalsJoin);
        using var _ = client;
        await using var owner = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await using var guest = await TerminalSeat.TakeAsync(Server, terminal.Id, "", token);
        await guest.SeesAsync("armed");
        await PatchAsync($"/api/v1/terminals/{terminal.Id}", new UpdateTerminal(GuestsMayType: true));
        await guest.HearsAsync(TerminalControls.Mode, c => c.MayType == true);
        await guest.TypeAsync("one\n");
        await owner.SeesAsync("got-one");
        await PatchAsync($"/api/v1/terminals/{terminal.Id}", new UpdateTerminal(GuestsMayType: false));
        await guest.HearsAsync(TerminalControls.Mode, c => c.MayType == false);
        await guest.TypeAsync("two\n");
        await owner.TypeAsync("three\n");
        await owner.SeesAsync("got-three");
        Assert.DoesNotContain("two", owner.Text, StringComparison.Ordinal);
        using var theirs = await client.PatchAsJsonAsync($"/api/v1/terminals/{terminal.Id}", new UpdateTerminal(GuestsMayType: true), OperoneJson.Default.UpdateTerminal, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, theirs.StatusCode);
        using var end = await client.PostAsync(new Uri($"/api/v1/terminals/{terminal.Id}/end", UriKind.Relative), null, Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, end.StatusCode);
    }

    [Fact]
    public async Task Open_AsAUserWhoDoesNotExist_IsRefusedWithWords()
    {
        var terminal = await OpenAsync(new() { User = "no-such-user", Argv = ["id"] });
        var ended = await EndedAsync(terminal.Id);
        Assert.Equal(ExecutionStatus.Refused, ended.Status);
        Assert.Contains("no-such-user", ended.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_AsNobody_IsReallyNobody()
    {
        Assert.SkipUnless(Environment.UserName == "root", "becoming somebody else takes root");
        var terminal = await OpenAsync(new() { User = "nobody", Argv = ["/bin/sh", "-c", "id -un; echo home=$HOME user=$USER shell=$SHELL; tty; cat /etc/shadow; echo x > $(tty) && echo mine; sleep 20"] });
        await using var seat = await TerminalSeat.TakeAsync(Server, terminal.Id);
        await seat.SeesAsync("mine");
        var home = (await File.ReadAllLinesAsync("/etc/passwd", Cancelled)).First(l => l.StartsWith("nobody:", StringComparison.Ordinal)).Split(':');
        Assert.Contains($"nobody\r\nhome={home[5]} user=nobody shell={home[6]}\r\n/dev/pts/", seat.Text, StringComparison.Ordinal);
        Assert.Contains("Permission denied", seat.Text, StringComparison.Ordinal);
        var uids = Processes.OfExecution(terminal.Id).SelectMany(pid => File.ReadLines($"/proc/{pid}/status")).Where(l => l.StartsWith("Uid:", StringComparison.Ordinal));
        Assert.All(uids, l => Assert.Equal($"Uid:\t{home[2]}\t{home[2]}\t{home[2]}\t{home[2]}", l));
    }

    [Fact]
    public async Task Open_WherePolicyLeavesNoChoice_RefusesEachChoice()
    {
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/terminal-policies", new WriteTerminalPolicy($"strict-{Device}", Shell: "/bin/sh", ChoiceAllowed: false), Cancelled);
        if (!made.IsSuccessStatusCode)
        {
            Assert.Fail(await made.Content.ReadAsStringAsync(Cancelled));
        }

        var policy = await made.Content.ReadFromJsonAsync<TerminalPolicyView>(Cancelled);
        try
        {
            foreach (var (request, field) in ((CreateTerminal, string)[])[
                (new() { User = "root" }, "user"), (new() { Shell = "/bin/sh" }, "shell"), (new() { WorkingDirectory = "/" }, "workingDirectory"),
                (new() { Argv = ["id"] }, "argv"), (new() { Environment = new Dictionary<string, string> { ["A"] = "1" } }, "environment")])
            {
                using var refused = await TryOpenAsync(request);
                Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
                Assert.Contains($"{field} cannot be chosen", (await OperoneServer.ReadProblemAsync(refused)).Detail, StringComparison.Ordinal);
            }

            await OpenAsync(new() { Title = "as policy says" });
        }
        finally
        {
            using var removed = await Server.Owner.DeleteAsync($"/api/v1/terminal-policies/{policy!.Id}", Cancelled);
        }
    }

    private static async Task<Guid> TokenIdAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<System.Text.Json.JsonElement>("/api/v1/tokens", Cancelled)).GetProperty("items")[0].GetProperty("id").GetGuid();

    private async Task PatchAsync(string path, UpdateTerminal change)
    {
        using var answer = await Server.Owner.PatchAsJsonAsync(path, change, OperoneJson.Default.UpdateTerminal, Cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }
}
