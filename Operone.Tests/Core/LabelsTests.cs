using CsCheck;
using Operone.Core;
using Operone.Core.Errors;
using Xunit;

namespace Operone.Tests.Core;

public sealed class LabelsTests
{
    private static readonly string Long63 = new('a', 63);
    private static readonly string Long64 = new('a', 64);

    [Theory]
    [InlineData("env")]
    [InlineData("a")]
    [InlineData("A-1_b.c")]
    [InlineData("example.com/role")]
    [InlineData("a.b-c.d/x")]
    public void CheckKey_WellFormed_IsFine(string key) => Assert.Null(Labels.CheckKey(key));

    [Theory]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData(".a")]
    [InlineData("a b")]
    [InlineData("é")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a/b/c")]
    [InlineData("a_b/c")]
    [InlineData("a..b/c")]
    [InlineData("-a.b/c")]
    [InlineData("a=b")]
    public void CheckKey_Malformed_SaysWhatIsWrong(string key) => Assert.Contains($"'{key}'", Labels.CheckKey(key), StringComparison.Ordinal);

    [Fact]
    public void Check_Lengths_AreTakenToTheLastCharacter()
    {
        Assert.Null(Labels.CheckKey(Long63));
        Assert.NotNull(Labels.CheckKey(Long64));
        Assert.Null(Labels.CheckKey($"{new string('a', 253)}/{Long63}"));
        Assert.NotNull(Labels.CheckKey($"{new string('a', 254)}/a"));
        Assert.Null(Labels.CheckValue(Long63));
        Assert.NotNull(Labels.CheckValue(Long64));
        Assert.Null(Labels.CheckDeviceName(Long63));
        Assert.NotNull(Labels.CheckDeviceName(Long64));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("prod", true)]
    [InlineData("1.2.3-rc_1", true)]
    [InlineData("-", false)]
    [InlineData("a ", false)]
    [InlineData("a/b", false)]
    [InlineData("a\n", false)]
    public void CheckValue_Any_FollowsKubernetes(string value, bool fine) => Assert.Equal(fine, Labels.CheckValue(value) is null);

    [Theory]
    [InlineData("web-1", true)]
    [InlineData("WEB_1.lan", true)]
    [InlineData("", false)]
    [InlineData("-web", false)]
    [InlineData("web 1", false)]
    [InlineData("../etc", false)]
    [InlineData("web,db", false)]
    [InlineData("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c", false)]
    [InlineData("0199a2c47d5e7f3a9b1c2f6d8e4a5b6c", false)]
    public void CheckDeviceName_Any_IsANameAndNoId(string name, bool fine) => Assert.Equal(fine, Labels.CheckDeviceName(name) is null);

    [Fact]
    public void Check_SeveralWrong_NotesAll()
    {
        var errors = new FieldErrors();
        Labels.Check(new Dictionary<string, string> { ["ok"] = "ok", ["-a"] = "b", ["c"] = "d e", ["f"] = null! }, "labels", errors);
        Assert.Equal(3, errors.ToError()!.Fields!["labels"].Length);

        var tooMany = new FieldErrors();
        Labels.Check(Enumerable.Range(0, Labels.MaxCount + 1).ToDictionary(i => $"k{i}", _ => ""), "labels", tooMany);
        Assert.Contains("65 labels", Assert.Single(tooMany.ToError()!.Fields!["labels"]), StringComparison.Ordinal);

        var none = new FieldErrors();
        Labels.Check(null, "labels", none);
        Labels.Check(Enumerable.Range(0, Labels.MaxCount).ToDictionary(i => $"k{i}", _ => ""), "labels", none);
        Assert.Null(none.ToError());
    }

    [Fact]
    public void Check_WhatIsFineAsALabel_CanBeSelected() =>
        Gen.Select(Gen.String[Gen.Char["aZ09-_./"], 1, 8], Gen.String[Gen.Char["aZ09-_."], 0, 8])
            .Where(l => Labels.CheckKey(l.Item1) is null && Labels.CheckValue(l.Item2) is null)
            .Sample((key, value) =>
            {
                var labels = new Dictionary<string, string> { [key] = value };
                Assert.True(Selector.Parse($"{key}={value}").Value.Matches(labels));
                Assert.True(Selector.Parse(key).Value.Matches(labels));
                Assert.False(Selector.Parse($"!{key}").Value.Matches(labels));
                Assert.False(Selector.Parse($"{key}!={value}").Value.Matches(labels));
            });
}
