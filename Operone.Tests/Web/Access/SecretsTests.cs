using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>No secret is in the log, however much is logged, nor in the events, the audit trail or any other table.</summary>
public abstract partial class SecretsTests(ServerFixture fixture) : ServerTests(fixture)
{
    private static readonly Action<Microsoft.AspNetCore.Builder.WebApplicationBuilder> Everything = builder =>
    {
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        foreach (var category in (string[])["Default", "Microsoft.AspNetCore", "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.EntityFrameworkCore", "Hangfire",
            "Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager", "Operone.Web.Access.ApiTokenHandler", "Operone.Web.Agents.DeviceTokenHandler"])
        {
            builder.Configuration[$"Logging:LogLevel:{category}"] = "Trace";
        }
    };

    [Fact]
    public async Task Secrets_WhateverIsDone_AreNotLoggedNorNoted()
    {
        await using var server = await Fixture.StartAnotherAsync(
            new() { ["Operone:Setup:EnrollmentToken"] = "ope_this-comes-from-the-options-0123456789" }, Everything);
        var secrets = new Dictionary<string, string>
        {
            ["the owner's password"] = OperoneServer.OwnerPassword,
            ["the owner's API token"] = OperoneServer.OwnerToken,
            ["the enrolment token of the options"] = "ope_this-comes-from-the-options-0123456789",
            ["a wrong password"] = "this was typed wrong 8271",
            ["an API token that is none"] = OperoneServer.OwnerToken[..^4] + "wXyZ",
            ["an enrolment token that is none"] = "ope_0123456789-0123456789-0123456789-none",
            ["a run's variable"] = "variable-s3cret-5b1f0c",
            ["a run's standard input"] = "stdin-s3cret-77aa1c",
            ["an environment's secret"] = "environment-s3cret-1e09d7",
            ["an environment's secret that was replaced"] = "environment-s3cret-before-c41f",
            ["an environment's secret that is refused"] = "environment-s3cret-refused-88b2",
        };

        // People.
        using var console = await TestBrowser.SignedInAsync(server);
        foreach (Match cookie in CookieValue().Matches(console.Cookies.GetCookieHeader(console.Client.BaseAddress!)))
        {
            secrets["the cookie " + cookie.Groups[1].Value] = cookie.Groups[2].Value;
        }

        using var stranger = new TestBrowser(server);
        using var typedWrong = await stranger.FillInAsync("/sign-in", new() { ["Email"] = OperoneServer.OwnerEmail, ["Password"] = secrets["a wrong password"] });
        using var nobody = await stranger.FillInAsync("/sign-in", new() { ["Email"] = "nobody@example.org", ["Password"] = secrets["a wrong password"] });
        using var devices = await console.Client.GetAsync("/devices", Cancelled);

        // Programs.
        using var made = await server.Owner.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("ci", [Permissions.DevicesRead]), Cancelled);
        var token = (await made.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!;
        secrets["an API token"] = token.Token!;
        using var client = server.Client(token.Token);
        using var read = await client.GetAsync("/api/v1/devices", Cancelled);
        using var denied = await client.GetAsync("/api/v1/audit", Cancelled);
        using var revoked = await server.Owner.DeleteAsync($"/api/v1/tokens/{token.Id}", Cancelled);
        using var gone = await client.GetAsync("/api/v1/devices", Cancelled);
        using var wrong = server.Client(secrets["an API token that is none"]);
        using var refused = await wrong.GetAsync("/api/v1/devices", Cancelled);
        using var malformed = await server.Owner.PostAsync("/api/v1/agents/enroll", new StringContent($"{{\"token\":\"{secrets["an enrolment token that is none"]}\",\"oops\":1}}", Encoding.UTF8, "application/json"), Cancelled);

        // Devices.
        var enrolment = await server.CreateEnrollmentTokenAsync();
        secrets["an enrolment token"] = enrolment.Token!;
        await using var agent = await FakeAgent.EnrollAsync(server, enrolment.Token!, "secretive");
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            foreach (var text in (string[])["an enrolment token that is none", "an enrolment token"])
            {
                using var again = await server.Anonymous.PostAsJsonAsync("/api/v1/agents/enroll", FakeAgent.Request(secrets[text], "other", key), Cancelled);
            }
        }

        await agent.ConnectAsync();
        var jwt = agent.CreateToken();
        secrets["a device's token"] = jwt;
        for (var i = 0; i < 2; i++)
        {
            using var me = new HttpRequestMessage(HttpMethod.Get, "/api/v1/agents/me");
            me.Headers.Authorization = new("Bearer", jwt);
            using var answer = await server.Anonymous.SendAsync(me, Cancelled);
        }

        // Environments.
        foreach (var (name, secret) in ((string, string)[])[("DEPLOY_KEY", "an environment's secret that was replaced"), ("not a name", "an environment's secret that is refused")])
        {
            using var environment = await server.Owner.PostAsJsonAsync(
                "/api/v1/environments", new WriteEnvironment("deploy", Secrets: new Dictionary<string, string?> { [name] = secrets[secret] }), Cancelled);
        }

        using var environmentAfter = await server.Owner.PutAsJsonAsync(
            "/api/v1/environments/deploy", new WriteEnvironment(null, Secrets: new Dictionary<string, string?> { ["DEPLOY_KEY"] = secrets["an environment's secret"] }), Cancelled);
        environmentAfter.EnsureSuccessStatusCode();

        // Runs.
        using var run = await server.Owner.PostAsJsonAsync(
            "/api/v1/runs",
            new CreateRun
            {
                Command = "deploy",
                Target = new RunTarget(["secretive"]),
                Environment = new Dictionary<string, string> { ["DB_PASSWORD"] = secrets["a run's variable"] },
                Stdin = secrets["a run's standard input"],
                Environments = ["deploy"],
            },
            OperoneJson.Default.Options,
            Cancelled);
        run.EnsureSuccessStatusCode();
        Assert.Equal([secrets["an environment's secret"]], (await agent.Starts.Reader.ReadAsync(Cancelled)).Masks!);
        foreach (var address in (string[])["/api/v1/environments", "/api/v1/environments/deploy", "/api/v1/runs", run.Headers.Location!.ToString(), "/api/v1/events", "/api/v1/audit"])
        {
            using var seen = await server.Owner.GetAsync(address, Cancelled);
            AssertNotIn([await seen.Content.ReadAsStringAsync(Cancelled)], secrets.Where(s => s.Key.StartsWith("an environment", StringComparison.Ordinal)).ToDictionary(), address);
        }

        await server.StopAsync();
        await server.StartAgainAsync();

        Assert.Contains(server.Log.Lines, l => l.StartsWith("Trace", StringComparison.Ordinal));
        AssertNotIn(server.Log.Lines, secrets, "log");
        AssertNotIn(await TablesAsync(server, t => t is "audit_entries" or "events"), secrets, "the audit trail and the events");

        // What a run is given is kept with the run, until it is asked again by whoever may; nothing else is kept anywhere.
        foreach (var ofRun in (string[])["a run's variable", "a run's standard input"])
        {
            secrets.Remove(ofRun);
        }

        AssertNotIn(await TablesAsync(server, _ => true), secrets, "the database");
    }

    [Fact]
    public async Task SetUpCode_IsInTheAddressThatIsPrinted_AndNowhereElse()
    {
        await using var server = await Fixture.StartAnotherAsync(configure: Everything, withOwner: false);
        var line = Assert.Single(server.Log.Lines, l => l.Contains("/setup?code=", StringComparison.Ordinal));
        var code = Code().Match(line).Groups[1].Value;
        const string password = "a long walk by the river 42";
        using var console = new TestBrowser(server);
        using var wrong = await console.FillInAsync($"/setup?code={code[..^3]}xyz", new() { ["Email"] = "me@example.org", ["Password"] = password });
        using var done = await console.FillInAsync($"/setup?code={code}", new() { ["Email"] = "me@example.org", ["Password"] = password });
        Assert.Equal(System.Net.HttpStatusCode.Redirect, done.StatusCode);
        await server.StopAsync();
        await server.StartAgainAsync();
        var secrets = new Dictionary<string, string> { ["the set-up code"] = code, ["the password"] = password };
        AssertNotIn(server.Log.Lines.Where(l => l != line), secrets, "log");
        AssertNotIn(await TablesAsync(server, _ => true), secrets, "the database");
    }

    /// <summary>Looks for each secret as it is, as it stands in an address, and as base64.</summary>
    private static void AssertNotIn(IEnumerable<string> texts, Dictionary<string, string> secrets, string where)
    {
        var found = new HashSet<string>();
        foreach (var text in texts)
        {
            foreach (var (name, secret) in secrets)
            {
                string[] forms = [secret, Uri.EscapeDataString(secret), Convert.ToBase64String(Encoding.UTF8.GetBytes(secret))];
                if (forms.FirstOrDefault(f => text.Contains(f, StringComparison.OrdinalIgnoreCase)) is { } form)
                {
                    var at = Math.Max(0, text.IndexOf(form, StringComparison.OrdinalIgnoreCase) - 300);
                    found.Add($"{name} is in {where}: ...{text[at..Math.Min(text.Length, at + 400)]}");
                }
            }
        }

        Assert.True(found.Count == 0, string.Join("\n\n", found));
    }

    /// <summary>Every value of the tables, as text.</summary>
    private static async Task<List<string>> TablesAsync(OperoneServer server, Func<string, bool> which)
    {
        await using var db = server.OpenDatabase();
        var tables = db.Model.GetEntityTypes().Select(e => e.GetTableName()).OfType<string>().Distinct().Where(which).ToArray();
        Assert.NotEmpty(tables);
        var values = new List<string>();
        await db.Database.OpenConnectionAsync(Cancelled);
        foreach (var table in tables)
        {
            await using var command = db.Database.GetDbConnection().CreateCommand();
#pragma warning disable CA2100 // The model's own names.
            command.CommandText = $"SELECT * FROM \"{table}\"";
#pragma warning restore CA2100
            await using var reader = await command.ExecuteReaderAsync(Cancelled);
            while (await reader.ReadAsync(Cancelled))
            {
                for (var i = 0; i < reader.FieldCount; i++)
                {
                    if (!await reader.IsDBNullAsync(i, Cancelled))
                    {
                        var value = reader.GetValue(i);
                        values.Add($"{table}.{reader.GetName(i)}: {(value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value)}");
                    }
                }
            }
        }

        return values;
    }

    [GeneratedRegex(@"([^=; ]+)=([^; ]+)")]
    private static partial Regex CookieValue();

    [GeneratedRegex(@"code=([^\s&]+)")]
    private static partial Regex Code();
}

public sealed class SecretsOnSqlite(SqliteFixture fixture) : SecretsTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SecretsOnPostgres(PostgresFixture fixture) : SecretsTests(fixture), IClassFixture<PostgresFixture>;
