using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class InvitationTests(ServerFixture fixture) : ServerTests(fixture)
{
    private const string Password = "rather-a-long-secret";

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    [Fact]
    public async Task Invitation_TakenUpWithAPassword_MakesThePersonWithWhatItGivesOnce()
    {
        var team = await TeamAsync(BuiltInRoles.Operator, "env=staging");
        var email = NewEmail();
        var made = await InviteAsync(Server.Owner, new(email, "viewer", "env=prod", [team.Name]));
        Assert.StartsWith($"{Server.Url}/invitation?code=opi_", made.Address, StringComparison.Ordinal);
        Assert.Equal((InvitationStatus.Open, "Viewer", "env=prod"), (made.Invitation.Status, made.Invitation.Role, made.Invitation.Selector));

        using var browser = new TestBrowser(Server);
        var page = WebUtility.HtmlDecode(await browser.Client.GetStringAsync(made.Address, Cancelled));
        Assert.Contains(OperoneServer.OwnerEmail, page, StringComparison.Ordinal);
        Assert.Contains($"as Viewer on devices with env=prod in the team {team.Name}", page, StringComparison.Ordinal);

        // A weak password is said, and costs nothing; another e-mail than the one invited does not count.
        using (var weak = await FillInAsync(browser, made, "elsewhere@example.org", "password1234"))
        {
            Assert.Contains("everybody tries", await weak.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }

        using (var answer = await FillInAsync(browser, made, "elsewhere@example.org", Password))
        {
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, (await browser.Client.GetAsync("/account", Cancelled)).StatusCode);
        var access = Server.Services.GetRequiredService<AccessDirectory>().Current;
        var person = access.People.Values.Single(p => p.Email == email);
        Assert.Equal([team.Id], person.TeamIds);
        var subject = access.OfPerson(person.Id);
        Assert.True(Policy.Decide(subject, Permissions.DevicesRead, new Dictionary<string, string> { ["env"] = "prod" }, DateTimeOffset.UtcNow).Allowed);
        Assert.False(Policy.Decide(subject, Permissions.RunsCreate, new Dictionary<string, string> { ["env"] = "prod" }, DateTimeOffset.UtcNow).Allowed);
        Assert.True(Policy.Decide(subject, Permissions.RunsCreate, new Dictionary<string, string> { ["env"] = "staging" }, DateTimeOffset.UtcNow).Allowed);

        // It was good once.
        using var other = new TestBrowser(Server);
        Assert.Contains("not good any more", await other.Client.GetStringAsync(made.Address, Cancelled), StringComparison.Ordinal);
        var listed = await ListAsync();
        var used = listed.Single(i => i.Id == made.Invitation.Id);
        Assert.Equal((InvitationStatus.Used, email), (used.Status, used.UsedBy));
        await using var db = Server.OpenDatabase();
        var method = await db.Set<Session>().Where(s => s.PersonId == person.Id).Select(s => s.Method).SingleAsync(Cancelled);
        Assert.Equal(SignInMethods.Invitation, method);
    }

    [Fact]
    public async Task Invitation_TakenUpWithAPasskey_MakesAnAccountWithoutAPassword()
    {
        var email = NewEmail();
        var made = await InviteAsync(Server.Owner, new(email, "viewer"));
        using var browser = new PasskeyBrowser(Server);
        using var key = browser.NewAuthenticator();
        async Task<HttpStatusCode> TakeUpAsync(string forWhom)
        {
            var credential = key.Create(await browser.OptionsAsync("passkey/sign-up", new { email = forWhom }));
            using var answer = await browser.Browser.FillInAsync(
                $"/invitation?code={CodeOf(made)}", new() { ["Email"] = forWhom, ["Password"] = "", ["Passkey"] = credential.ToJsonString() });
            return answer.StatusCode;
        }

        // One that was made for another e-mail than the one invited is not taken.
        Assert.Equal(HttpStatusCode.OK, await TakeUpAsync("elsewhere@example.org"));
        Assert.Equal(HttpStatusCode.Redirect, await TakeUpAsync(email));
        using var again = new PasskeyBrowser(Server);
        Assert.Equal(HttpStatusCode.OK, (await again.SignInAsync(key)).StatusCode);
        await using var db = Server.OpenDatabase();
        Assert.Null((await db.Set<Person>().SingleAsync(p => p.UserName == email, Cancelled)).PasswordHash);
    }

    [Fact]
    public async Task Invitation_TakenUpByManyAtOnce_MakesOneAccount()
    {
        var made = await InviteAsync(Server.Owner, new(Role: "viewer"));
        var acceptance = Server.Services.GetRequiredService<InvitationAcceptance>();
        var emails = Enumerable.Range(0, 8).Select(_ => NewEmail()).ToArray();
        var results = await Task.WhenAll(emails.Select(email => Task.Run(() => acceptance.AcceptWithPasswordAsync(
            new DefaultHttpContext(), CodeOf(made), email, null, Password, Cancelled))));
        Assert.Single(results, r => !r.IsError);
        Assert.All(results.Where(r => r.IsError), r => Assert.Equal("invitation-not-good", r.Error!.Code));
        Assert.Single(Server.Services.GetRequiredService<AccessDirectory>().Current.People.Values, p => emails.Contains(p.Email));
    }

    [Fact]
    public async Task Invitation_RevokedExpiredGuessedOrOfAnInviterWhoLostIt_IsRefused()
    {
        var acceptance = Server.Services.GetRequiredService<InvitationAcceptance>();
        var revoked = await InviteAsync(Server.Owner, new(Role: "viewer"));
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Owner.DeleteAsync($"/api/v1/invitations/{revoked.Invitation.Id}", Cancelled)).StatusCode);
        using (var again = await Server.Owner.DeleteAsync($"/api/v1/invitations/{revoked.Invitation.Id}", Cancelled))
        {
            Assert.EndsWith("/invitation-not-found", (await OperoneServer.ReadProblemAsync(again)).Type, StringComparison.Ordinal);
        }

        var expired = await InviteAsync(Server.Owner, new(Role: "viewer", ExpiresInSeconds: 3600));
        await using (var db = Server.OpenDatabase())
        {
            await db.Set<Invitation>().Where(i => i.Id == expired.Invitation.Id)
                .ExecuteUpdateAsync(set => set.SetProperty(i => i.ExpiresAt, DateTimeOffset.UtcNow.AddSeconds(-1)), Cancelled);
        }

        var administrator = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var theirs = await Server.ClientAsync(administrator);
        var orphaned = await InviteAsync(theirs, new(Role: "viewer"));
        await PasswordTests.ChangeAsync(Server, administrator, p => p.DisabledAt = DateTimeOffset.UtcNow);
        foreach (var code in (string[])[CodeOf(revoked), CodeOf(expired), CodeOf(orphaned), "opi_guess", "", CodeOf(revoked)[..20]])
        {
            var result = await acceptance.AcceptWithPasswordAsync(new DefaultHttpContext(), code, NewEmail(), null, Password, Cancelled);
            Assert.Equal("invitation-not-good", result.Error?.Code);
        }

        var statuses = (await ListAsync()).ToDictionary(i => i.Id, i => i.Status);
        Assert.Equal((InvitationStatus.Revoked, InvitationStatus.Expired), (statuses[revoked.Invitation.Id], statuses[expired.Invitation.Id]));
    }

    [Fact]
    public async Task Inviter_GivesNoMoreThanTheyHave()
    {
        var administrator = await Server.CreatePersonAsync(BuiltInRoles.Administrator);
        using var theirs = await Server.ClientAsync(administrator);
        await RefusedAsync(theirs, new(Role: "Owner"), HttpStatusCode.Forbidden, "beyond-own");
        var owners = await TeamAsync(BuiltInRoles.Owner, "");
        await RefusedAsync(theirs, new(Teams: [owners.Id.ToString()]), HttpStatusCode.Forbidden, "beyond-own");
        await InviteAsync(theirs, new(Role: "administrator"));
        await InviteAsync(Server.Owner, new(Role: "owner"));

        using var operators = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Operator));
        await RefusedAsync(operators, new(Role: "viewer"), HttpStatusCode.Forbidden, "permission-missing");
    }

    [Fact]
    public async Task Invitation_ThatMakesNoSense_IsRefusedWithAllThatIsWrong()
    {
        using var response = await Server.Owner.PostAsJsonAsync(
            "/api/v1/invitations", new CreateInvitation("not an e-mail", "king", "env in", ["nobody"], 60), Cancelled);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(["email", "expiresInSeconds", "role", "selector", "teams"], problem.GetProperty("errors").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        await RefusedAsync(Server.Owner, new(), HttpStatusCode.BadRequest, "invalid-input");
        await RefusedAsync(Server.Owner, new(OperoneServer.OwnerEmail.ToUpperInvariant(), "viewer"), HttpStatusCode.BadRequest, "invalid-input");
    }

    [Fact]
    public async Task Invitation_WithAnEmailThatHasAnAccount_IsRefusedAndStaysOpen()
    {
        var made = await InviteAsync(Server.Owner, new(Role: "viewer"));
        var acceptance = Server.Services.GetRequiredService<InvitationAcceptance>();
        var taken = await acceptance.AcceptWithPasswordAsync(new DefaultHttpContext(), CodeOf(made), OperoneServer.OwnerEmail.ToUpperInvariant(), null, Password, Cancelled);
        Assert.Equal("account-exists", taken.Error?.Code);
        Assert.Null((await acceptance.AcceptWithPasswordAsync(new DefaultHttpContext(), CodeOf(made), NewEmail(), null, Password, Cancelled)).Error);
    }

    [Fact]
    public async Task Invitation_WithAMailServer_IsSentThereAndStandsWhereItCannotBe()
    {
        await using var mail = new FakeMailServer();
        await using var server = await Fixture.StartAnotherAsync(new()
        {
            ["Operone:Mail:Server"] = mail.Address,
            ["Operone:Mail:Security"] = "None",
            ["Operone:Mail:User"] = "operone",
            ["Operone:Mail:Password"] = "its-mail-password",
            ["Operone:Mail:From"] = "Operone <operone@example.org>",
        });
        var made = await InviteAsync(server.Owner, new("ada@example.org", "viewer"));
        Assert.True(made.IsSent, made.MailProblem);
        Assert.True(mail.Mails.TryDequeue(out var text));
        Assert.Contains("To: ada@example.org", text, StringComparison.Ordinal);
        Assert.Contains("From: Operone <operone@example.org>", text, StringComparison.Ordinal);
        Assert.Contains(made.Address, text.Replace("=\r\n", "", StringComparison.Ordinal).Replace("=\n", "", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(["operone:its-mail-password"], mail.SignedIn);

        mail.Refuses = true;
        var refused = await InviteAsync(server.Owner, new("eve@example.org", "viewer"));
        Assert.False(refused.IsSent);
        Assert.Contains("nobody here by that name", refused.MailProblem, StringComparison.Ordinal);
        using var browser = new TestBrowser(server);
        Assert.Contains("You are invited", await browser.Client.GetStringAsync(refused.Address, Cancelled), StringComparison.Ordinal);

        var unsent = await InviteAsync(server.Owner, new("bob@example.org", "viewer", Send: false));
        Assert.Equal((false, null), (unsent.IsSent, unsent.MailProblem));
    }

    [Fact]
    public void MailOptions_ThatAreWrong_AreAllNamed()
    {
        var problems = new MailOptionsValidation().Validate(null, new() { Server = "mail:x/y", From = "nobody", User = "me" }).Failures!.ToArray();
        Assert.Equal(["From", "Password", "Server"], problems.Select(p => p.Split(':')[2]).Order(StringComparer.Ordinal));
        Assert.False(new MailOptionsValidation().Validate(null, new() { Server = "mail.example.org", From = "a@example.org" }).Failed);
        Assert.False(new MailOptionsValidation().Validate(null, new()).Failed);
        Assert.True(new MailOptionsValidation().Validate(null, new() { From = "a@example.org" }).Failed);
        Assert.Equal(("mail.example.org", 587), new MailOptions { Server = "mail.example.org" }.Address);
        Assert.Equal(("mail.example.org", 2525), new MailOptions { Server = "mail.example.org:2525", Security = MailSecurity.Tls }.Address);
    }

    internal static async Task<InvitationMade> InviteAsync(HttpClient client, CreateInvitation request)
    {
        using var response = await client.PostAsJsonAsync("/api/v1/invitations", request, Cancelled);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync<InvitationMade>(Json, Cancelled))!;
    }

    internal static string CodeOf(InvitationMade made) => made.Address[(made.Address.IndexOf('=', StringComparison.Ordinal) + 1)..];

    internal static string NewEmail() => $"{Guid.NewGuid():N}@example.org";

    private static async Task RefusedAsync(HttpClient client, CreateInvitation request, HttpStatusCode status, string code)
    {
        using var response = await client.PostAsJsonAsync("/api/v1/invitations", request, Cancelled);
        Assert.Equal(status, response.StatusCode);
        Assert.EndsWith($"/{code}", (await OperoneServer.ReadProblemAsync(response)).Type, StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> FillInAsync(TestBrowser browser, InvitationMade made, string email, string password) =>
        browser.FillInAsync(new Uri(made.Address).PathAndQuery, new() { ["Email"] = email, ["Password"] = password });

    private async Task<IReadOnlyList<InvitationView>> ListAsync() =>
        (await Server.Owner.GetFromJsonAsync<Page<InvitationView>>("/api/v1/invitations?limit=500", Json, Cancelled))!.Items;

    private async Task<Team> TeamAsync(BuiltInRole role, string selector)
    {
        var name = $"team-{Guid.NewGuid():N}";
        await using var change = await Server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled);
        var team = new Team { Id = Guid.CreateVersion7(), Name = name, NormalizedName = name.ToUpperInvariant(), CreatedAt = DateTimeOffset.UtcNow };
        change.Db.Add(team);
        change.Db.Add(new Grant
        {
            Id = Guid.CreateVersion7(),
            Effect = GrantEffect.Allow,
            RoleId = role.Id,
            SubjectKind = SubjectKind.Team,
            SubjectId = team.Id,
            Selector = selector,
            CreatedBy = "test",
            CreatedAt = DateTimeOffset.UtcNow,
        });
        Assert.Null(await change.CommitAsync(Cancelled));
        return team;
    }
}

public sealed class InvitationOnSqlite(SqliteFixture fixture) : InvitationTests(fixture), IClassFixture<SqliteFixture>;

public sealed class InvitationOnPostgres(PostgresFixture fixture) : InvitationTests(fixture), IClassFixture<PostgresFixture>;
