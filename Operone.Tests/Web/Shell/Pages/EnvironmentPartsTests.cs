using Bunit;
using Operone.Core.Shell;
using Operone.Web.Shell.Environments.Pages;
using Xunit;

namespace Operone.Tests.Web.Shell.Pages;

public sealed class EnvironmentPartsTests : BunitContext
{
    private static readonly EnvironmentView Stored = new(
        Guid.CreateVersion7(), "prod", "d", "env=prod", new Dictionary<string, string> { ["A"] = "1" }, ["KEPT", "TOKEN"], DateTimeOffset.UtcNow, "anna");

    [Fact]
    public void Form_OfAStoredOne_KeepsSecretsThatAreNotTyped()
    {
        var form = EnvironmentForm.From(Stored);
        Assert.All(form.Secrets, s => Assert.Equal(("", true), (s.Value, s.IsStored)));
        form.Secrets[1].Value = "typed\r\nanew";
        form.Variables.Add(new());
        var (request, problems) = form.Read(isNew: false);
        Assert.Empty(problems);
        Assert.Equal(new Dictionary<string, string?> { ["KEPT"] = null, ["TOKEN"] = "typed\nanew" }, request.Secrets);
        Assert.Equal(("prod", "env=prod", "1"), (request.Name, request.Selector, request.Variables!["A"]));
        form.Secrets.RemoveAt(0);
        Assert.Equal(["TOKEN"], form.Read(isNew: false).Request.Secrets!.Keys);
    }

    [Fact]
    public void Form_EverythingWrong_IsSaidAtOnce()
    {
        var form = new EnvironmentForm { Selector = "env=(" };
        form.Variables.AddRange([new() { Name = "A", Value = "1" }, new() { Name = "A", Value = "2" }]);
        form.Secrets.AddRange([new() { Name = "S" }, new() { Name = "S", Value = "abcd" }]);
        var problems = form.Read(isNew: true).Problems;
        Assert.Equal(["name", "secrets", "selector", "variables"], problems.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("'A' is there twice", problems["variables"]);
        Assert.Contains("'S' is there twice", problems["secrets"]);
    }

    [Fact]
    public void Rows_OfStoredSecrets_SayThatOneIsStoredAndShowNone()
    {
        var rows = Render<VariableRows>(p => p.Add(r => r.Title, "Secrets").Add(r => r.Help, "").Add(r => r.One, "secret").Add(r => r.Field, "secrets")
            .Add(r => r.Rows, EnvironmentForm.From(Stored).Secrets).Add(r => r.MayChange, true));
        var value = rows.Find("#secrets-value-0");
        Assert.Equal(("", "stored; type to replace it"), (value.TextContent, value.GetAttribute("placeholder")));
        Assert.True(rows.Find("#secrets-name-0").HasAttribute("readonly"));
        rows.Find(".add").Click();
        Assert.False(rows.Find("#secrets-name-2").HasAttribute("readonly"));
        rows.Find("[aria-label='Remove KEPT']").Click();
        Assert.Equal("TOKEN", rows.Find("#secrets-name-0").GetAttribute("value"));
    }

    [Fact]
    public void Rows_ForWhoMayNotChange_OfferNothing()
    {
        var rows = Render<VariableRows>(p => p.Add(r => r.Title, "Variables").Add(r => r.Help, "").Add(r => r.One, "variable").Add(r => r.Field, "variables")
            .Add(r => r.Rows, EnvironmentForm.From(Stored).Variables));
        Assert.Empty(rows.FindAll("button"));
        Assert.True(rows.Find("#variables-value-0").HasAttribute("readonly"));
    }

    [Fact]
    public void Applied_OfARun_ShowsSecretsMasked()
    {
        var facts = Render<AppliedEnvironmentFacts>(p => p.Add(f => f.Applied, new AppliedEnvironment(
            ["prod", "shop"], new Dictionary<string, string> { ["A"] = "1", ["TOKEN"] = "***" }, ["TOKEN"])));
        Assert.Equal("Environment: prod, shop", facts.Find("summary").TextContent);
        Assert.Equal(["1", "*** a secret"], facts.FindAll("dd").Select(d => d.TextContent));
    }
}
