using System.Text.Json;
using CsCheck;
using Operone.Web.Files.Pages.Look;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

public sealed class JsonLayoutTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[true,null,{}],"c":[]}""", "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null,\n    {}\n  ],\n  \"c\": []\n}\n")]
    [InlineData("{\"a\":1}\n{\"a\":2}\n", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n")]
    [InlineData("""{"__proto__":{"x":1},"__proto__":1.0e10}""", "{\n  \"__proto__\": {\n    \"x\": 1\n  },\n  \"__proto__\": 1.0e10\n}\n")]
    [InlineData("""["a,\"{[:","<script>"]""", "[\n  \"a,\\\"{[:\",\n  \"<script>\"\n]\n")]
    [InlineData("{\"a\": 1, // why\n \"b\": 2}", "{\n  \"a\": 1,\n  // why\n  \"b\": 2\n}\n")]
    [InlineData("""{"a":[1,2""", "{\n  \"a\": [\n    1,\n    2")]
    [InlineData("]}", "\n]\n}\n")]
    [InlineData("", "")]
    [InlineData("no json at all", "no json at all")]
    public void Json_IsLaidOut_ToTheLetter(string text, string expected) => Assert.Equal(expected.TrimStart('\n'), JsonLayout.Write(text).TrimStart('\n'));

    [Fact]
    public void Json_NestedWithoutEnd_IsNoBomb()
    {
        var text = JsonLayout.Write(new string('[', 200_000) + new string(']', 100_000));
        Assert.True(text.Length < 50_000_000);
    }

    [Fact]
    public void Json_OfAnyKind_MeansTheSame()
    {
        var leaf = Gen.OneOf(Gen.Int.Select(i => (object?)i), Gen.String.Select(s => (object?)s), Gen.Bool.Select(b => (object?)b), Gen.Const((object?)null));
        Gen.OneOf(leaf.Array[0, 5].Select(a => (object?)a), Gen.Dictionary(Gen.String, leaf)[0, 5].Select(d => (object?)d), leaf).Array[0, 4].Sample(value =>
        {
            var text = JsonSerializer.Serialize(value);
            using var before = JsonDocument.Parse(text);
            using var after = JsonDocument.Parse(JsonLayout.Write(text));
            return JsonElement.DeepEquals(before.RootElement, after.RootElement);
        }, iter: 500);
    }
}
