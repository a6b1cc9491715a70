using System.Runtime.Versioning;
using Operone.Agent.Files.Search;
using Operone.Core.Files.Search;
using Xunit;

namespace Operone.Tests.Agent.Files.Search;

[SupportedOSPlatform("linux")]
public sealed class RipgrepPatternTests
{
    [Theory]
    [InlineData("a.b", false, @"a\.b")]
    [InlineData("--help", false, @"\-\-help")]
    [InlineData("é", false, null)]
    [InlineData("a|b", true, "(?:a|b)")]
    [InlineData("^a+$", true, "(?:(?:a)+)")]
    [InlineData("a*", true, null)] // nothing at all fits too: every file has that
    [InlineData(@"\bx\b", true, "(?:x)")]
    [InlineData(@"\d", true, @"(?:(?-u:[0-9]|[\x80-\xFF]{1,4}))")]
    [InlineData("[^a]", true, @"(?:(?-u:[^\n\x80-\xFF]|[\x80-\xFF]{1,4}))")]
    [InlineData("[a-z.]", true, @"(?:[a-z\.])")]
    [InlineData("(?i)a", true, null)]
    [InlineData("(?<n>a)", true, null)]
    [InlineData(@"\p{L}", true, null)]
    [InlineData(@"\x41", true, null)]
    [InlineData("[a-z-[m]]", true, null)]
    [InlineData("a{2,3}?b", true, "(?:(?:a){2,3}b)")]
    [InlineData("a{,3}", true, null)]
    public void Expression_ForRipgrep_IsAsWideOrNone(string text, bool isRegex, string? expression) =>
        Assert.Equal(expression, RipgrepPattern.Of(TextPattern.Make(new() { Text = text, IsRegex = isRegex }).Value));
}
