using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class RecoveryTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string NewPassword = "another-long-secret";

    [Fact]
    public async Task Recovery_OfAnOwnerWhoLostEverything_LetsThemInOnceAndEndsTheirSessions()
    {
        await using var server = await Fixture.StartAnotherAsync();
        using var before = await TestBrowser.SignedInAsync(server);
        await using (var db = server.OpenDatabase())
        {
            var owner = await db.Set<Person>().AsTracking().SingleAsync(Cancelled);
            (owner.PasswordHash, owner.TwoFactorEnabled) = (null, true);
            await db.SaveChangesAsync(Cancelled);
        }

        for (var i = 0; i < 6; i++)
        {
            Assert.NotNull(await PasswordTests.SignInAsync(server, OperoneServer.OwnerEmail, "whatever-it-is"));
        }

        var (status, output, errors) = await RunAsync(server, OperoneServer.OwnerEmail.ToUpperInvariant());
        Assert.True(status == 0, errors);
        var address = new Uri(output.Split('\n').Single(l => l.Contains("/recover?code=", StringComparison.Ordinal)).Trim());
        Assert.StartsWith(server.Url, address.AbsoluteUri, StringComparison.Ordinal);

        using var browser = new TestBrowser(server);
        using (var weak = await browser.FillInAsync(address.PathAndQuery, new() { ["Password"] = "password1234" }))
        {
            Assert.Contains("everybody tries", await weak.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }

        using (var answer = await browser.FillInAsync(address.PathAndQuery, new() { ["Password"] = NewPassword, ["TurnCodesOff"] = "true" }))
        {
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/account", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await before.Client.GetAsync("/account", Cancelled)).StatusCode);
        using var again = new TestBrowser(server);
        Assert.Contains("not good any more", await again.Client.GetStringAsync(address.PathAndQuery, Cancelled), StringComparison.Ordinal);

        // Unlocked, without codes, and in the audit trail, which still holds.
        Assert.Null(await PasswordTests.SignInAsync(server, OperoneServer.OwnerEmail, NewPassword));
        await EventuallyAsync(
            async () =>
            {
                await using var db = server.OpenDatabase();
                var noted = await db.Set<AuditEntry>().Where(e => e.Action.StartsWith("person.recover")).Select(e => e.Action).ToListAsync(Cancelled);
                return noted.Contains("person.recover-address") && noted.Contains("person.recover") ? noted : null;
            },
            "the recovery is in the audit trail");
        var verified = await server.Services.GetRequiredService<AuditVerifier>().VerifyAsync(Actor.System, null, Cancelled);
        Assert.True(verified.Value.Holds, verified.Value.ToString());
    }

    [Fact]
    public async Task Recovery_WithoutAPassword_LeadsToANewPasskey()
    {
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        var code = await CodeAsync(Server, owner.Email);
        using var browser = new PasskeyBrowser(Server);
        using (var answer = await browser.Browser.FillInAsync($"/recover?code={code}", new() { ["Way"] = "passkey" }))
        {
            Assert.EndsWith("/account", answer.Headers.Location?.OriginalString, StringComparison.Ordinal);
        }

        using var key = browser.NewAuthenticator();
        using (var added = await browser.AddAsync(key))
        {
            Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(Cancelled));
        }

        using var again = new PasskeyBrowser(Server);
        Assert.Equal(HttpStatusCode.OK, (await again.SignInAsync(key)).StatusCode);

        // The password that was forgotten is as it was.
        Assert.Null(await PasswordTests.SignInAsync(Server, owner.Email, TestPeople.Password));
    }

    [Fact]
    public async Task Recovery_OfADisabledOwner_EnablesThem()
    {
        await using var server = await Fixture.StartAnotherAsync();
        var other = await server.CreatePersonAsync(BuiltInRoles.Owner);
        await PasswordTests.ChangeAsync(server, other, p => p.DisabledAt = DateTimeOffset.UtcNow);
        var code = await CodeAsync(server, other.Email);
        var recovery = server.Services.GetRequiredService<RecoveryService>();
        Assert.Null((await recovery.RecoverWithPasswordAsync(new DefaultHttpContext(), code, NewPassword, turnCodesOff: false, Cancelled)).Error);
        Assert.Null(await PasswordTests.SignInAsync(server, other.Email, NewPassword));
    }

    [Fact]
    public async Task Recovery_ByManyAtOnce_IsGoodOnce()
    {
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        var code = await CodeAsync(Server, owner.Email);
        var recovery = Server.Services.GetRequiredService<RecoveryService>();
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => recovery.RecoverWithPasswordAsync(
            new DefaultHttpContext(), code, NewPassword, turnCodesOff: false, Cancelled))));
        Assert.Single(results, r => !r.IsError);
        Assert.All(results.Where(r => r.IsError), r => Assert.Equal("recovery-not-good", r.Error!.Code));
    }

    [Fact]
    public async Task Recovery_GuessedOldOrReplaced_IsRefused()
    {
        var owner = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        var replaced = await CodeAsync(Server, owner.Email);
        var old = await CodeAsync(Server, owner.Email);
        await using (var db = Server.OpenDatabase())
        {
            await db.Set<RecoveryAddress>().Where(r => r.PersonId == owner.Id)
                .ExecuteUpdateAsync(set => set.SetProperty(r => r.ExpiresAt, DateTimeOffset.UtcNow.AddSeconds(-1)), Cancelled);
        }

        var demoted = await Server.CreatePersonAsync(BuiltInRoles.Owner);
        var useless = await CodeAsync(Server, demoted.Email);
        await using (var change = await Server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled))
        {
            await change.Db.Set<Grant>().Where(g => g.SubjectId == demoted.Id).ExecuteDeleteAsync(Cancelled);
            Assert.Null(await change.CommitAsync(Cancelled));
        }

        var recovery = Server.Services.GetRequiredService<RecoveryService>();
        foreach (var code in (string?[])[replaced, old, useless, "opv_guess", "", null])
        {
            var result = await recovery.RecoverWithPasswordAsync(new DefaultHttpContext(), code, NewPassword, turnCodesOff: false, Cancelled);
            Assert.Equal("recovery-not-good", result.Error?.Code);
        }
    }

    [Fact]
    public async Task RecoveryCommand_OfWhoIsNoOwner_SaysSoAndPrintsNothing()
    {
        var administrator = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        foreach (var email in (string?[])[administrator.Email, "nobody@example.org", "", null, "--help"])
        {
            var (status, output, errors) = await RunAsync(Server, email);
            Assert.Equal((1, ""), (status, output));
            Assert.Contains(email is { Length: > 0 } and not "--help" ? $"No owner has the e-mail '{email}'" : "usage:", errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task RecoveryCommand_WithoutAnInstallation_SaysSo()
    {
        var folder = Directory.CreateTempSubdirectory("operone-none-").FullName;
        await using var app = Operone.Web.Program.Build([$"--Operone:DataDirectory={folder}"]);
        await using var errors = new StringWriter();
        Assert.Equal(1, await RecoveryCommand.RunAsync(app, OperoneServer.OwnerEmail, TextWriter.Null, errors, Cancelled));
        Assert.Contains("There is no installation here", errors.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
        Directory.Delete(folder);
    }

    internal static async Task<string> CodeAsync(OperoneServer server, string email)
    {
        var (status, output, errors) = await RunAsync(server, email);
        Assert.True(status == 0, errors);
        return output.Trim()[(output.Trim().LastIndexOf('=') + 1)..];
    }

    // As a process of its own would: another node over the same data, which never serves.
    private static async Task<(int Status, string Output, string Errors)> RunAsync(OperoneServer server, string? email)
    {
        var connection = server.Services.GetRequiredService<Microsoft.Extensions.Configuration.IConfiguration>()["ConnectionStrings:Operone"];
        await using var app = Operone.Web.Program.Build(
            [$"--urls={server.Url}", $"--Operone:DataDirectory={server.Folder}", .. connection is null ? (string[])[] : [$"--ConnectionStrings:Operone={connection}"]]);
        Assert.True(app.OptionsAreRight());
        await using var output = new StringWriter();
        await using var errors = new StringWriter();
        return (await RecoveryCommand.RunAsync(app, email, output, errors, Cancelled), output.ToString(), errors.ToString());
    }
}

public sealed class RecoveryOnSqlite(SqliteFixture fixture) : RecoveryTests(fixture), IClassFixture<SqliteFixture>;

public sealed class RecoveryOnPostgres(PostgresFixture fixture) : RecoveryTests(fixture), IClassFixture<PostgresFixture>;
