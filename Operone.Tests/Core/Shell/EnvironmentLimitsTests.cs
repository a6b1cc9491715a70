using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Shell;

public sealed class EnvironmentLimitsTests
{
    [Fact]
    public void Check_WhatIsRight_HasNoError()
    {
        Assert.Null(EnvironmentLimits.Check(
            new("prod", "what it is for", "env=prod", new Dictionary<string, string> { ["A_1"] = "", ["_b"] = "x" }, new Dictionary<string, string?> { ["TOKEN"] = "abcd" }), null));
        Assert.Null(EnvironmentLimits.Check(new(null, Secrets: new Dictionary<string, string?> { ["KEPT"] = null }), ["KEPT"]));
    }

    [Fact]
    public void Check_EverythingWrong_SaysAllOfItAtOnce()
    {
        var error = EnvironmentLimits.Check(
            new(" ", new string('x', 501), "env=(", new Dictionary<string, string> { ["1A"] = "x", ["TWICE"] = "a\0b", ["NONE"] = null! },
                new Dictionary<string, string?> { ["a-b"] = "long enough", ["SHORT"] = " abc\n", ["TWICE"] = "long enough", ["UNSET"] = null }), null);
        Assert.Equal(["description", "name", "secrets", "selector", "variables"], error!.Fields!.Keys.Order(StringComparer.Ordinal));
        Assert.Contains(error.Fields["secrets"], p => p.StartsWith("'SHORT' is shorter than 4 characters", StringComparison.Ordinal));
        Assert.Contains(error.Fields["secrets"], p => p.StartsWith("'UNSET' has no value", StringComparison.Ordinal));
        Assert.Contains(error.Fields["secrets"], p => p.StartsWith("'a-b' is not a name", StringComparison.Ordinal));
        Assert.Equal(4, error.Fields["variables"].Length);
    }

    [Theory]
    [InlineData("019a0000-0000-7000-8000-000000000001")]
    [InlineData("a/b")]
    [InlineData("a,b")]
    [InlineData("a\u001bb")]
    public void Check_NameThatIsNone_IsRefused(string name) =>
        Assert.Contains("name", EnvironmentLimits.Check(new(name), null)!.Fields!.Keys);

    [Fact]
    public void Check_MoreThanIsKept_IsRefused()
    {
        Assert.NotNull(EnvironmentLimits.Check(new("a", Variables: Enumerable.Range(0, 201).ToDictionary(i => $"V{i}", _ => "")), null));
        Assert.NotNull(EnvironmentLimits.Check(new("a", Secrets: Enumerable.Range(0, 51).ToDictionary(i => $"V{i}", string? (_) => "secret")), null));
        Assert.NotNull(EnvironmentLimits.Check(new("a", Variables: new Dictionary<string, string> { ["A"] = new('x', 32 * 1024 + 1) }), null));
        Assert.NotNull(EnvironmentLimits.Check(new("a", Variables: Enumerable.Range(0, 9).ToDictionary(i => $"V{i}", _ => new string('x', 32 * 1024))), null));
    }

    [Fact]
    public void Check_RunWithEnvironments_NamesEachOnce()
    {
        var run = new CreateRun { Command = "a", Target = new(All: true) };
        Assert.Null(RunLimits.Check(run with { Environments = ["a", "b"] }));
        Assert.Contains("environments", RunLimits.Check(run with { Environments = ["a", "A"] })!.Fields!.Keys);
        Assert.Contains("environments", RunLimits.Check(run with { Environments = [" "] })!.Fields!.Keys);
        Assert.Contains("environments", RunLimits.Check(run with { Environments = [.. Enumerable.Range(0, 9).Select(i => $"e{i}")] })!.Fields!.Keys);
    }
}
