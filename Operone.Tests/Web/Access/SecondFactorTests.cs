using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public sealed class TotpTests
{
    // RFC 6238, appendix B, for SHA-1; the last six digits of its eight.
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Code_IsThatOfTheRfc(long seconds, string code) =>
        Assert.Equal(code, Totp.Code("12345678901234567890"u8, Totp.StepOf(DateTimeOffset.FromUnixTimeSeconds(seconds))));

    [Fact]
    public void Find_TakesTheStepsBesideAndNoOther()
    {
        var (secret, now) = (Totp.NewSecret(), DateTimeOffset.UtcNow);
        var step = Totp.StepOf(now);
        foreach (var near in (long[])[-1, 0, 1])
        {
            Assert.NotNull(Totp.Find(secret, Totp.Code(secret, step + near), now));
        }

        Assert.Null(Totp.Find(secret, Totp.Code(secret, step - 100) is var old && old == Totp.Code(secret, step) ? "x" : old, now));
        Assert.All((string[])["", "12345", "1234567", "abcdef", "１２３４５６"], code => Assert.Null(Totp.Find(secret, code, now)));
    }

    // RFC 4648, section 10.
    [Theory]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Text_IsBase32(string bytes, string text) => Assert.Equal(text, Totp.ToText(Encoding.ASCII.GetBytes(bytes)));
}

public abstract partial class SecondFactorTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Codes_TurnedOn_AreNeededOnceEach()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        var (secret, step, recovery) = await TurnOnAsync(Server, person);
        Assert.Equal(RecoveryCodes.Count, recovery.Distinct().Count());

        // The password alone signs nobody in, and only it tells that there is a second step.
        using var browser = new TestBrowser(Server);
        using (var wrong = await PasswordAsync(browser, person.Email, "whatever-it-is"))
        {
            Assert.DoesNotContain("OneTimeCode", await wrong.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }

        // The code that turned it on is used up; the next one is good, once.
        var first = Totp.Code(secret, step);
        var next = Totp.Code(secret, step + 1);
        Assert.Equal(HttpStatusCode.OK, await CodeAsync(browser, person.Email, first));
        Assert.Equal(HttpStatusCode.Redirect, (await browser.Client.GetAsync("/account", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, await CodeAsync(browser, person.Email, next));
        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/account", Cancelled)).StatusCode);
        using var other = new TestBrowser(Server);
        Assert.Equal(HttpStatusCode.OK, await CodeAsync(other, person.Email, next));

        // So is each recovery code, however it is typed.
        Assert.Equal(HttpStatusCode.Redirect, await CodeAsync(other, person.Email, $" {recovery[0].ToUpperInvariant()} "));
        using var third = new TestBrowser(Server);
        Assert.Equal(HttpStatusCode.OK, await CodeAsync(third, person.Email, recovery[0]));
        Assert.Equal(HttpStatusCode.Redirect, await CodeAsync(third, person.Email, recovery[1].Replace("-", "", StringComparison.Ordinal)));
        await using var db = Server.OpenDatabase();
        Assert.Equal(3, await db.Set<Session>().CountAsync(s => s.PersonId == person.Id && s.Method == SignInMethods.PasswordAndCode, Cancelled));
    }

    [Fact]
    public async Task Code_TakenByManyAtOnce_IsGoodOnce()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        var (secret, step, recovery) = await TurnOnAsync(Server, person);
        var factor = Server.Services.GetRequiredService<SecondFactor>();
        var next = Totp.Code(secret, step + 1);
        foreach (var code in (string[])[next, recovery[0]])
        {
            var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
            {
                await using var db = Server.OpenDatabase();
                return await factor.TakeAsync(db, person.Id, code, Cancelled);
            })));
            Assert.Equal(1, taken.Count(t => t));
        }

        // Two different ones at once are both good.
        var both = await Task.WhenAll(recovery.Skip(1).Take(4).Select(code => Task.Run(async () =>
        {
            await using var db = Server.OpenDatabase();
            return await factor.TakeAsync(db, person.Id, code, Cancelled);
        })));
        Assert.All(both, Assert.True);
    }

    [Fact]
    public async Task Secrets_AtRest_AreSealedAndHashed()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        var (secret, _, recovery) = await TurnOnAsync(Server, person);
        await using var db = Server.OpenDatabase();
        var stored = string.Join('\n', await db.Set<IdentityUserToken<Guid>>().Where(t => t.UserId == person.Id).Select(t => t.Value).ToListAsync(Cancelled));
        Assert.DoesNotContain(Totp.ToText(secret), stored, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(secret), stored, StringComparison.Ordinal);
        Assert.All(recovery, code => Assert.DoesNotContain(code.Replace("-", "", StringComparison.Ordinal), stored.Replace("-", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Codes_GuessedTooOften_PauseAlsoForTheRightOne()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        var (secret, step, _) = await TurnOnAsync(Server, person);
        using var browser = new TestBrowser(Server);
        for (var i = 0; i < SignInPauses.Free; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await CodeAsync(browser, person.Email, "000000"));
        }

        Assert.Equal(HttpStatusCode.OK, await CodeAsync(browser, person.Email, Totp.Code(secret, step + 1)));
    }

    [Fact]
    public async Task Codes_AreRenewedAndTurnedOffAgainstACodeOrThePassword()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        var (_, _, old) = await TurnOnAsync(Server, person);
        var service = Server.Services.GetRequiredService<SecondFactorService>();
        var actor = await ExternalTests.ActorAsync(Server, person.Email);
        Assert.Equal("invalid-input", (await service.RenewRecoveryCodesAsync(actor, "000000", Cancelled)).Error?.Code);
        var fresh = (await service.RenewRecoveryCodesAsync(actor, old[0], Cancelled)).Value.Codes;
        Assert.Equal("invalid-input", (await service.TurnOffAsync(actor, old[1], Cancelled)).Error?.Code);
        Assert.Equal("invalid-input", (await service.RenewRecoveryCodesAsync(actor, TestPeople.Password, Cancelled)).Error?.Code);
        Assert.Null((await service.TurnOffAsync(actor, TestPeople.Password, Cancelled)).Error);
        Assert.Equal((false, 0), (await service.GetAsync(actor, Cancelled)) is var state ? (state.IsOn, state.RecoveryCodes) : default);
        Assert.Equal("codes-off", (await service.TurnOffAsync(actor, fresh[0], Cancelled)).Error?.Code);
        using var browser = await Server.SignInAsync(person);
    }

    [Fact]
    public async Task Codes_OfAnother_AreResetByWhoManagesThem()
    {
        var (person, owner) = (await Server.CreatePersonAsync(BuiltInRoles.Viewer), await Server.CreatePersonAsync(BuiltInRoles.Owner));
        await TurnOnAsync(Server, person);
        await TurnOnAsync(Server, owner);
        var service = Server.Services.GetRequiredService<SecondFactorService>();
        var administrator = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var theirs = await Server.SignInAsync(administrator);
        var actor = await ExternalTests.ActorAsync(Server, administrator.Email);
        Assert.Equal(ErrorKind.Forbidden, (await service.ResetAsync(await ExternalTests.ActorAsync(Server, person.Email), owner.Id, Cancelled)).Error?.Kind);
        Assert.Equal(ErrorKind.Forbidden, (await service.ResetAsync(actor, owner.Id, Cancelled)).Error?.Kind);
        Assert.Equal(ErrorKind.NotFound, (await service.ResetAsync(actor, Guid.NewGuid(), Cancelled)).Error?.Kind);
        Assert.Null((await service.ResetAsync(actor, person.Id, Cancelled)).Error);
        using var browser = await Server.SignInAsync(person);
    }

    [Fact]
    public async Task Password_Changed_NeedsThePresentOneInAnOldSessionAndEndsTheOthers()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Viewer);
        using var other = await Server.SignInAsync(person);
        using var browser = await Server.SignInAsync(person);
        var actor = await ExternalTests.ActorAsync(Server, person.Email);
        var service = Server.Services.GetRequiredService<SecondFactorService>();
        await using (var db = Server.OpenDatabase())
        {
            await db.Set<Session>().Where(s => s.PersonId == person.Id)
                .ExecuteUpdateAsync(set => set.SetProperty(s => s.CreatedAt, DateTimeOffset.UtcNow.AddHours(-1)), Cancelled);
        }

        Server.Services.GetRequiredService<SessionDirectory>().Changed(actor.SessionId!.Value);
        Assert.Contains("present", (await service.SetPasswordAsync(actor, "", "another-long-secret", true, Cancelled)).Error!.Fields!.Keys);
        Assert.Contains("present", (await service.SetPasswordAsync(actor, "whatever-it-is", "another-long-secret", true, Cancelled)).Error!.Fields!.Keys);
        Assert.Contains("password", (await service.SetPasswordAsync(actor, TestPeople.Password, "password1234", true, Cancelled)).Error!.Fields!.Keys);
        Assert.Null((await service.SetPasswordAsync(actor, TestPeople.Password, "another-long-secret", true, Cancelled)).Error);
        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/account", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await other.Client.GetAsync("/account", Cancelled)).StatusCode);
        Assert.NotNull(await PasswordTests.SignInAsync(Server, person.Email, TestPeople.Password));
        Assert.Null(await PasswordTests.SignInAsync(Server, person.Email, "another-long-secret"));
    }

    private static async Task<(byte[] Secret, long Step, IReadOnlyList<string> Recovery)> TurnOnAsync(OperoneServer server, TestPerson person)
    {
        using var browser = await server.SignInAsync(person);
        var actor = await ExternalTests.ActorAsync(server, person.Email);
        var service = server.Services.GetRequiredService<SecondFactorService>();
        var offer = service.Offer(actor);
        Assert.Contains($"secret={offer.Text.Replace(" ", "", StringComparison.Ordinal)}", offer.Address, StringComparison.Ordinal);
        var secret = server.Services.GetRequiredService<SecondFactor>().Open(offer.Sealed)!;
        Assert.Contains("code", (await service.TurnOnAsync(actor, offer.Sealed, "12345", Cancelled)).Error!.Fields!.Keys);
        var step = Totp.StepOf(DateTimeOffset.UtcNow);
        var on = await service.TurnOnAsync(actor, offer.Sealed, Totp.Code(secret, step), Cancelled);
        Assert.Null(on.Error);
        return (secret, step, on.Value.Codes);
    }

    private static Task<HttpResponseMessage> PasswordAsync(TestBrowser browser, string email, string password) => browser.SendFormAsync(
        "/sign-in", new() { ["_handler"] = "sign-in", ["Email"] = email, ["Password"] = password, ["DeviceKey"] = browser.KeyText });

    private static async Task<HttpStatusCode> CodeAsync(TestBrowser browser, string email, string code)
    {
        using var asked = await PasswordAsync(browser, email, TestPeople.Password);
        var pending = WebUtility.HtmlDecode(Pending().Match(await asked.Content.ReadAsStringAsync(Cancelled)).Groups[1].Value);
        Assert.NotEqual("", pending);
        using var answer = await browser.SendFormAsync(
            "/sign-in", new() { ["_handler"] = "code", ["Pending"] = pending, ["OneTimeCode"] = code, ["DeviceKey"] = browser.KeyText });
        return answer.StatusCode;
    }

    [GeneratedRegex("name=\"Pending\" value=\"([^\"]+)\"")]
    private static partial Regex Pending();
}

public sealed class SecondFactorOnSqlite(SqliteFixture fixture) : SecondFactorTests(fixture), IClassFixture<SqliteFixture>;

public sealed class SecondFactorOnPostgres(PostgresFixture fixture) : SecondFactorTests(fixture), IClassFixture<PostgresFixture>;
