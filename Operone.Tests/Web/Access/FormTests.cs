using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Operone.Tests.Architecture;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>No form without its antiforgery token, and nothing that a form could send is taken without it.</summary>
public sealed partial class FormTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    [Fact]
    public void Forms_ThatArePosted_CarryTheToken()
    {
        var forms = SourceTree.Files("Operone.Web", "*.razor").SelectMany(file => Form().Matches(File.ReadAllText(file))
            .Select(form => (File: Path.GetFileName(file), Text: form.Value))).ToArray();
        Assert.NotEmpty(forms);
        Assert.Empty(forms.Where(f => Posted().IsMatch(f.Text) && !f.Text.Contains("<AntiforgeryToken", StringComparison.Ordinal)).Select(f => f.File));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_ToAnyPage_WithoutTheToken_IsRefused(bool signedIn)
    {
        using var console = signedIn ? await TestBrowser.SignedInAsync(Server) : new TestBrowser(Server);
        var wrong = new List<string>();
        foreach (var (page, path) in Pages())
        {
            if (page.Metadata.GetMetadata<IAntiforgeryMetadata>() is not { RequiresValidation: true })
            {
                wrong.Add($"{path} does not ask for the token");
            }

            foreach (var handler in Handlers())
            {
                using var answer = await console.Client.PostAsync(
                    path, new FormUrlEncodedContent(new Dictionary<string, string> { ["_handler"] = handler, ["Email"] = OperoneServer.OwnerEmail, ["Password"] = OperoneServer.OwnerPassword }), Cancelled);

                // 302: nobody is signed in, and the page is for those who are.
                var refused = answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                    || (!signedIn && answer.StatusCode == HttpStatusCode.Redirect && answer.Headers.Location!.ToString().Contains("/sign-in?", StringComparison.Ordinal));
                if (!refused)
                {
                    wrong.Add($"{path} {handler}: {answer.StatusCode}");
                }
            }
        }

        Assert.Empty(wrong);

        // Still as before: signed in, or not.
        using var devices = await console.Client.GetAsync("/devices", Cancelled);
        Assert.Equal(signedIn ? HttpStatusCode.OK : HttpStatusCode.Redirect, devices.StatusCode);
    }

    [Fact]
    public async Task Post_WithTheTokenOfAnother_IsRefused()
    {
        using var one = new TestBrowser(Server);
        using var other = new TestBrowser(Server);
        var form = await one.ReadHiddenAsync("/sign-in");
        await other.ReadHiddenAsync("/sign-in");
        (form["Email"], form["Password"]) = (OperoneServer.OwnerEmail, OperoneServer.OwnerPassword);
        using var answer = await other.Client.PostAsync("/sign-in", new FormUrlEncodedContent(form), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    private IEnumerable<(RouteEndpoint Page, string Path)> Pages() => Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(e => e.Metadata.GetMetadata<ComponentTypeMetadata>() is not null)
        .Select(e => (e, "/" + Parameter().Replace(e.RoutePattern.RawText!.TrimStart('/'), match => match.Value.Contains("guid", StringComparison.Ordinal) ? Guid.NewGuid().ToString() : "x")));

    private static IEnumerable<string> Handlers() => SourceTree.Files("Operone.Web", "*.razor")
        .SelectMany(file => Name().Matches(File.ReadAllText(file))).Select(m => m.Groups[1].Value).Distinct();

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("^<form[^>]*method=\"post\"", RegexOptions.IgnoreCase)]
    private static partial Regex Posted();

    [GeneratedRegex("@formname=\"([^\"@]+)\"")]
    private static partial Regex Name();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
