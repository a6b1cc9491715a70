using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using Operone.Core;
using Operone.Core.Connection;
using Xunit;

namespace Operone.Tests.Core;

public sealed partial class SelectorTests
{
    // few keys and values, so that selectors and labels meet; two keys look like operators
    private static readonly Gen<string> Key = Gen.OneOf("env", "role", "in", "notin", "example.com/team", "a");
    private static readonly Gen<string> Value = Gen.OneOf("prod", "web", "db", "", "in", "1.2-3_4");
    private static readonly Gen<string> Space = Gen.OneOf("", "", " ", "\t", "  ");

    private static readonly Gen<SelectorRequirement> Requirement = Gen.Select(Key, Gen.Enum<SelectorOperator>(), Value.Array[1, 3]).Select((key, op, values) =>
        new SelectorRequirement(key, op, op is SelectorOperator.Exists or SelectorOperator.NotExists ? [] : values.Distinct().ToArray()));

    private static readonly Gen<Dictionary<string, string>> SomeLabels =
        Gen.Select(Key, Value).Array[0, 4].Select(pairs => pairs.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2));

    [Theory]
    [InlineData("env=prod,role in (web,db),!retired", "env=prod,role in (web,db),!retired")]
    [InlineData(" env == prod , role notin ( web , db ) ", "env=prod,role notin (web,db)")]
    [InlineData("env!=prod", "env!=prod")]
    [InlineData("env in (prod)", "env=prod")]
    [InlineData("env in (a,b,a)", "env in (a,b)")]
    [InlineData("env", "env")]
    [InlineData("! env", "!env")]
    [InlineData("env=", "env=")]
    [InlineData("env in ()", "env=")]
    [InlineData("env in (,a)", "env in (,a)")]
    [InlineData("in in (in)", "in=in")]
    [InlineData("example.com/role=web", "example.com/role=web")]
    [InlineData("", "")]
    [InlineData("  ", "")]
    [InlineData(null, "")]
    public void Parse_WellFormed_HasACanonicalText(string? text, string canonical) =>
        Assert.Equal(canonical, Selector.Parse(text).Value.ToString());

    [Theory]
    [InlineData(",", 1)]
    [InlineData("a,", 3)]
    [InlineData("a,,b", 3)]
    [InlineData("=a", 1)]
    [InlineData("a b", 3)]
    [InlineData("a ! b", 4)]
    [InlineData("!a=b", 3)]
    [InlineData("a in b", 6)]
    [InlineData("a in (b", 8)]
    [InlineData("a in (b c)", 9)]
    [InlineData("a=b c", 5)]
    [InlineData("a=b;c=d", 4)]
    [InlineData("a=-b", 3)]
    [InlineData("-a", 1)]
    [InlineData("a/b/c=d", 1)]
    [InlineData("a=b)", 4)]
    [InlineData("a<b", 2)]
    [InlineData("é", 1)]
    [InlineData("a=😀", 3)]
    public void Parse_Malformed_PointsAtTheCharacter(string text, int position)
    {
        var error = Selector.Parse(text).Error;
        Assert.Equal("malformed-selector", error?.Code);
        Assert.Contains($"at character {position}:", error!.Detail, StringComparison.Ordinal);
        Assert.Contains($"at character {position}:", error.Fields!["selector"][0], StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_Malformed_ShowsWholeCharacters() =>
        Assert.Contains("found '😀'", Selector.Parse("😀").Error!.Detail, StringComparison.Ordinal);

    [Fact]
    public void Parse_LongerThanTheLimit_IsRefused()
    {
        Assert.False(Selector.Parse(new string(' ', 10) + "a").IsError);
        var text = string.Join(',', Enumerable.Repeat("env=prod", Selector.MaxLength / 8));
        Assert.True(text.Length > Selector.MaxLength);
        Assert.Contains("longer than", Selector.Parse(text).Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_CanonicalText_GivesTheSameSelectorBack() =>
        Requirement.Array[1, 5].Sample(requirements =>
        {
            var text = string.Join(",", requirements.AsEnumerable());
            var selector = Selector.Parse(text).Value;
            Assert.Equal(text, selector.ToString());
            Assert.Equal(requirements.Length, selector.Requirements.Count);
            foreach (var (expected, actual) in requirements.Zip(selector.Requirements))
            {
                Assert.Equal((expected.Key, expected.Operator), (actual.Key, actual.Operator));
                Assert.Equal(expected.Values, actual.Values);
            }
        });

    [Fact]
    public void Matches_AnySpelling_MeansWhatTheModelSays() =>
        Gen.Select(Gen.Select(Requirement, Gen.Int[0, 2], Space.Array[8]).Array[0, 4], SomeLabels).Sample((parts, labels) =>
        {
            var text = string.Join(",", parts.Select(p => Spell(p.Item1, p.Item2, p.Item3)));
            Assert.Equal(parts.All(p => Model(p.Item1, labels)), Selector.Parse(text).Value.Matches(labels));
        });

    [Fact]
    public void Parse_Garbage_NeverThrowsAndPointsIntoTheText() =>
        Gen.OneOf(Gen.String, Gen.String[Gen.Char["ab=!,() /.-\t\0innot\uD83D"], 0, 30]).Sample(text =>
        {
            var parsed = Selector.Parse(text);
            if (parsed.Error is not { } error)
            {
                // what was taken has a canonical text that means the same
                Assert.Equal(parsed.Value.ToString(), Selector.Parse(parsed.Value.ToString()).Value.ToString());
                return;
            }

            var position = int.Parse(Position().Match(error.Fields!["selector"][0]).Groups[1].Value, CultureInfo.InvariantCulture);
            Assert.InRange(position, 1, text.Length + 1);

            // a door can always write the error down
            Assert.NotEmpty(JsonSerializer.SerializeToUtf8Bytes(error.Detail, OperoneJson.Default.String));
        });

    [Fact]
    public void Matches_EmptySelector_MatchesEverything() =>
        SomeLabels.Sample(labels => Assert.True(Selector.Everything.Matches(labels) && Selector.Parse("").Value.Matches(labels)));

    /// <summary>Kubernetes' words on each operator, taken one by one.</summary>
    private static bool Model(SelectorRequirement requirement, Dictionary<string, string> labels)
    {
        var equal = labels.Where(l => l.Key == requirement.Key).SelectMany(l => requirement.Values.Where(v => v == l.Value)).Any();
        var there = labels.Any(l => l.Key == requirement.Key);
        return requirement.Operator switch
        {
            SelectorOperator.In => equal,
            SelectorOperator.NotIn => !equal,
            SelectorOperator.Exists => there,
            SelectorOperator.NotExists => !there,
            _ => throw new InvalidOperationException(),
        };
    }

    private static string Spell(SelectorRequirement requirement, int way, string[] space)
    {
        var (s0, s1, s2, s3) = (space[0], space[1], space[2], space[3]);
        var not = requirement.Operator == SelectorOperator.NotIn;
        return requirement.Operator switch
        {
            SelectorOperator.Exists => $"{s0}{requirement.Key}{s1}",
            SelectorOperator.NotExists => $"{s0}!{s1}{requirement.Key}{s2}",
            _ when requirement.Values.Count == 1 && way < 2 => $"{s0}{requirement.Key}{s1}{(not ? "!=" : way == 0 ? "=" : "==")}{s2}{requirement.Values[0]}{s3}",
            _ => $"{s0}{requirement.Key} {s1}{(not ? "notin" : "in")}{s2}({s3}{string.Join($"{space[4]},{space[5]}", requirement.Values)}{space[6]}){space[7]}",
        };
    }

    [GeneratedRegex("at character ([0-9]+):")]
    private static partial Regex Position();
}
