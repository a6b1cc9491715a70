using System.Text;
using System.Text.Json;
using CsCheck;
using MimeKit;
using Operone.Core.Errors;
using Operone.Core.Events;
using Xunit;

namespace Operone.Tests.Core.Events;

public sealed class WebhookTemplateTests
{
    private static readonly EventView Happened = new(
        "1.0", Guid.CreateVersion7(), "/operone", "device.connected", "web-1", new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), "application/json",
        new(null, null, "anna", new Dictionary<string, string?> { ["agentVersion"] = "1.2", ["deviceId"] = "hidden" }));

    [Theory]
    [InlineData("", "empty")]
    [InlineData("text", "no JSON")]
    [InlineData("\"{{subject}}\"", "object or array")]
    [InlineData("{\"a\": 1, \"a\": 2}", "no JSON")]
    [InlineData("{\"a\": 1,}", "no JSON")]
    [InlineData("{\"a\": {{subject}}}", "no JSON")]
    [InlineData("{\"{{subject}}\": 1}", "only values")]
    [InlineData("{\"a\": \"{{subject\"}", "without an end")]
    [InlineData("{\"a\": \"{{secret}}\"}", "no value 'secret'")]
    [InlineData("{\"a\": \"{{subject.GetType}}\"}", "no value")]
    [InlineData("{\"a\": \"{{data.}}\"}", "no value")]
    [InlineData("{\"a\": \"{{data.a b}}\"}", "no value")]
    [InlineData("{\"a\": \"{{{{subject}}}}\"}", "no value")]
    [InlineData("{\"a\": \"{{subject|exec}}\"}", "no filter")]
    [InlineData("{\"a\": \"{{subject|slack|plain}}\"}", "no filter")]
    [InlineData("{\"a\": \"\\ud800\"}", "half of a character")]
    [InlineData("{\"\\udc00\": 1}", "half of a character")]
    [InlineData("{\"a\": 1, \"\\ud800\": 2, \"b\": \"\\ud83d\\ude00\"}", "half of a character")]
    public void Parse_OfWhatIsNoTemplate_SaysWhy(string text, string problem)
    {
        var parsed = WebhookTemplate.Parse(text);
        Assert.True(parsed.IsError);
        Assert.Contains(problem, parsed.Error!.Fields!["template"][0], StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_AnAlert_SaysWhatIsTheMatter()
    {
        var data = new Dictionary<string, string?> { ["rule"] = "hot", ["severity"] = "critical", ["text"] = "web-1: CPU is 97 %", ["value"] = "97", ["reason"] = null };
        var happened = new EventView("1.0", Guid.NewGuid(), "/operone", EventTypes.AlertRaised, "web-1", DateTimeOffset.UnixEpoch, "application/json", new(null, null, null, data));
        Assert.Equal("alert raised (critical, hot): web-1: CPU is 97 %", WebhookTemplate.Describe(happened));
    }

    [Fact]
    public void Parse_OfWhatIsTooDeepTooLongOrTooMuch_IsRefused()
    {
        Assert.True(WebhookTemplate.Parse(new string('[', 17) + new string(']', 17)).IsError);
        Assert.False(WebhookTemplate.Parse(new string('[', 16) + new string(']', 16)).IsError);
        Assert.True(WebhookTemplate.Parse($"[\"{new string('x', WebhookTemplate.MaxLength)}\"]").IsError);
        Assert.True(WebhookTemplate.Parse("[\"\ud800\"]").IsError);
        Assert.True(WebhookTemplate.Parse($"[\"{string.Concat(Enumerable.Repeat("{{id}}", 101))}\"]").IsError);
    }

    [Fact]
    public void Presets_AreTemplates_ThatTellTheEvent()
    {
        Assert.All(WebhookTemplate.Presets, preset => Assert.Contains(
            "device connected: web-1, agentVersion 1.2 (by anna)", Encoding.UTF8.GetString(WebhookTemplate.Parse(preset.Value).Value.Render(Happened)), StringComparison.Ordinal));
    }

    [Fact]
    public void Render_WithFilters_LetsNobodyBeMentioned()
    {
        var hostile = Happened with { Subject = "<!channel> & @everyone" };
        var body = JsonDocument.Parse(WebhookTemplate.Parse("""["{{subject|slack}}", "{{subject | plain}}", "{{ subject }}"]""").Value.Render(hostile)).RootElement;
        Assert.Equal(["&lt;!channel&gt; &amp; @everyone", "<!channel> & @\u200Beveryone", "<!channel> & @everyone"], body.EnumerateArray().Select(e => e.GetString()));
    }

    [Fact]
    public void Render_OfAnyValue_PutsItIntoItsTextAlone()
    {
        var template = WebhookTemplate.Parse("""{"a": "<{{subject}}>", "b": ["{{data.x}}"], "c": 1}""").Value;
        Gen.String.Sample(value =>
        {
            var rendered = template.Render(Happened with { Subject = value, Data = new(null, null, null, new Dictionary<string, string?> { ["x"] = value }) });
            var body = JsonDocument.Parse(rendered).RootElement;
            var expected = JsonSerializer.Deserialize<string>(JsonSerializer.Serialize(value))!;
            Assert.Equal(["a", "b", "c"], body.EnumerateObject().Select(p => p.Name));
            Assert.Equal($"<{expected}>", body.GetProperty("a").GetString());
            Assert.Equal(expected, body.GetProperty("b")[0].GetString());
        });
    }

    [Fact]
    public void Render_OfALongValue_CutsIt_ButNoCharacterInTwo()
    {
        var long_ = Happened with { Subject = new string('x', WebhookTemplate.MaxValue - 1) + "\U0001F600" };
        var text = JsonDocument.Parse(WebhookTemplate.Parse("""["{{subject}}"]""").Value.Render(long_)).RootElement[0].GetString()!;
        Assert.Equal(new string('x', WebhookTemplate.MaxValue - 1) + "…", text);
    }

    [Theory]
    [InlineData("https://example.org/hook?x=1", null)]
    [InlineData("mailto:ops@example.org", null)]
    [InlineData("ftp://example.org", "must begin")]
    [InlineData("file:///etc/passwd", "must begin")]
    [InlineData("https://user:secret@example.org/", "user or a password")]
    [InlineData("https://example.org/#x", "fragment")]
    [InlineData("/relative", "must begin")]
    [InlineData("example.org", "no address")]
    [InlineData("mailto:a@example.org,b@example.org", "no address")]
    [InlineData("mailto:a@example.org?cc=b@example.org", "single")]
    [InlineData("mailto:a%0Ab@example.org", "single")]
    [InlineData("mailto:a(b@x", "single")]
    [InlineData("mailto:a.@x", "single")]
    [InlineData("mailto:\u00e4@x", "single")]
    [InlineData("mailto:o'hara+ops=x_y@example.org", null)]
    public void Url_ThatCannotBeSentTo_IsRefused(string url, string? problem)
    {
        var read = WebhookLimits.ReadUrl(url);
        Assert.Equal(problem is not null, read.IsError);
        Assert.Contains(problem ?? "", read.Error?.Fields!["url"][0] ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Mailbox_ThatIsLetIn_IsOneThatAMailCanBeWrittenTo()
    {
        string[] hosts = ["x", "example.org", "x.", "x_y", "-x", "[::1]", "1.2.3.4", "b\u00fccher.example"];
        Gen.Select(
            Gen.String[Gen.Char["aB0.()[]:!#$&'*+-/=_~?^`{}|\\\"<>,;%\u00e4\u00a0\t"], 1, 5], Gen.Int[0, hosts.Length - 1]).Sample((name, at) =>
        {
            var read = WebhookLimits.ReadUrl($"mailto:{name}@{hosts[at]}");
            Assert.True(read.IsError || new MailboxAddress(null, $"{read.Value.UserInfo}@{read.Value.Host}").Address.StartsWith($"{name}@", StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData("device.connected", true)]
    [InlineData("device.*", true)]
    [InlineData("*", true)]
    [InlineData("device.*.x", false)]
    [InlineData("Device.*", false)]
    [InlineData("**", false)]
    [InlineData("", false)]
    public void Types_AreAsTheyAreInTheLog(string type, bool isGood)
    {
        var errors = new FieldErrors();
        WebhookLimits.Check(new("hook", "https://example.org", [type]), errors);
        Assert.Equal(isGood, errors.ToError() is null);
    }

    [Fact]
    public void Matches_TakesWhatBeginsSo()
    {
        Assert.True(WebhookLimits.Matches([], "a.b") && WebhookLimits.Matches(["a.*"], "a.b") && WebhookLimits.Matches(["x", "a.b"], "a.b"));
        Assert.False(WebhookLimits.Matches(["a.*"], "ab.c") || WebhookLimits.Matches(["a"], "a.b"));
    }
}
