using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Operone.Core.Errors;
using Operone.Web.Access.Pages;
using Operone.Web.Console.Frame;
using Operone.Web.Console.Parts;
using Operone.Web.Devices.Pages;
using Xunit;

namespace Operone.Tests.Web.Console;

public sealed class PartsTests : BunitContext
{
    [Fact]
    public void Field_WithAProblem_SaysItAsASentence()
    {
        var field = Render<Field>(p => p.Add(f => f.Label, "Command").Add(f => f.For, "command").Add(f => f.Help, "help").Add(f => f.Problem, ["is empty"]));
        Assert.Equal("Command is empty", field.Find(".problem").TextContent);
        Assert.Empty(field.FindAll(".help"));
    }

    [Fact]
    public void Ago_HasTheExactTime_ForTheBrowser()
    {
        var now = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
        Services.AddSingleton<TimeProvider>(new FakeTimeProvider(now));
        var ago = Render<Ago>(p => p.Add(a => a.At, now.AddMinutes(-3))).Find("time");
        Assert.Equal("3m ago", ago.TextContent);
        Assert.Equal("2026-05-01T11:57:00.000Z", ago.GetAttribute("datetime"));
    }

    [Fact]
    public void ErrorNotice_SaysWhatAndWhatToDo()
    {
        var notice = Render<ErrorNotice>(p => p.Add(n => n.Error, new Error(ErrorKind.Conflict, "code", "The name is taken.", "Choose another.")));
        Assert.Equal("alert", notice.Find("[role]").GetAttribute("role"));
        Assert.Contains("The name is taken.", notice.Markup, StringComparison.Ordinal);
        Assert.Contains("Choose another.", notice.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/runs?status=failed", "/runs?status=failed")]
    [InlineData("/", "/")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/\t/evil.example", "/")]
    [InlineData(null, "/")]
    public void ReturnAddress_OfAnotherSite_IsNotFollowed(string? asked, string expected) =>
        Assert.Equal(expected, LocalAddress.Or(asked, "/"));

    [Theory]
    [InlineData("", "")]
    [InlineData("runs/0192", "runs")]
    [InlineData("devices/web-1/settings", "devices")]
    [InlineData("devices/enrollment", "devices/enrollment")]
    public void Place_OfAnAddress_IsTheLongestThatBeginsIt(string path, string expected) =>
        Assert.Equal(expected, Places.Of(path)?.Href);

    [Fact]
    public void Labels_AsTyped_AreRead_AndAllMistakesSaid()
    {
        Assert.Equal(new Dictionary<string, string> { ["env"] = "prod", ["gpu"] = "" }, LabelText.Parse("env=prod, gpu").Value);
        Assert.Equal(2, LabelText.Parse("a=1,a=2,-x=3").Error!.Fields!["labels"].Length);
    }
}
