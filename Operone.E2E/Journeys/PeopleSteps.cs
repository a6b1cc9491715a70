using Microsoft.Playwright;
using Operone.Core;
using Operone.Core.Access;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Journeys;

/// <summary>What people do about access, in words.</summary>
internal static class PeopleSteps
{
    public const string Password = "rather-a-long-secret";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Invites somebody, who takes the invitation up; gives their window.</summary>
    public static async Task<IPage> JoinAsync(
        Browser browser, ServerProcess server, string email, string? role = null, string? selector = null, string name = "", int width = 1440)
    {
        var invited = await server.Api.PostAsync<InvitationMade>("/api/v1/invitations", new CreateInvitation(email, role, selector, Send: false), Cancelled);
        var page = await browser.OpenAsync(server.Url, width, width < 600 ? 844 : 900);
        await page.GotoAsync(invited.Address);
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account and sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Navigation).First.WaitForAsync();
        return page;
    }

    /// <summary>People, teams, roles, grants and requests, so that each page of Access has something to show.</summary>
    public static async Task FurnishAsync(Browser browser, ServerProcess server, Dictionary<string, string> ids)
    {
        var api = server.Api;
        var role = await api.PostAsync<RoleView>("/api/v1/roles", new CreateRole(
            "Deployers", [Permissions.DevicesRead, Permissions.RunsRead, Permissions.RunsCreate], "Bring new versions out", [DangerousActs.RunOnMany]), Cancelled);
        var team = await api.PostAsync<TeamView>("/api/v1/teams", new CreateTeam("Web", "Looks after the web servers"), Cancelled);
        await api.PostAsync<GrantView>("/api/v1/grants", new CreateGrant("Deployers", SubjectKind.Team, "Web", "role=web"), Cancelled);
        var page = await JoinAsync(browser, server, "ada@example.org", "Viewer", "env=prod", "Ada Lovelace");
        await page.GoAsync("/access/requests?new=true");
        await page.GetByLabel("On devices").FillAsync("role=db");
        await page.GetByLabel("Reason").FillAsync("To see why the database is slow");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask for it" }).ClickAsync();
        await page.GetByText("To see why the database is slow").First.WaitForAsync();
        await page.Context.CloseAsync();
        var person = (await api.GetAsync<Page<PersonView>>("/api/v1/people?q=ada", Cancelled)).Items[0];
        await api.PutAsync($"/api/v1/teams/{team.Id}/members/{person.Id}", Cancelled);
        await api.PostAsync<GrantView>("/api/v1/grants", new CreateGrant(
            "Operator", SubjectKind.Person, person.Email, "role in (web,db),env=prod", Until: DateTimeOffset.UtcNow.AddDays(7), Reason: "Moves the database next week"), Cancelled);
        await api.PostAsync<GrantView>("/api/v1/grants", new CreateGrant(
            "Operator", SubjectKind.Person, person.Email, "role=backup", GrantEffect.Deny, Reason: "Backups are for the owners"), Cancelled);
        ids["{role}"] = role.Id.ToString();
        ids["{team}"] = team.Id.ToString();
        ids["{person}"] = person.Id.ToString();
    }
}
