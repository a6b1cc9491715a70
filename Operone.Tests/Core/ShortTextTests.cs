using Operone.Core;
using Xunit;

namespace Operone.Tests.Core;

public sealed class ShortTextTests
{
    [Theory]
    [InlineData("a\0b", 10, "a␀b")]
    [InlineData("abc😀", 5, "abc😀")]
    [InlineData("abcd😀x", 6, "abcd…")]
    [InlineData("abcdefg", 4, "abc…")]
    [InlineData(null, 4, null)]
    public void Clean_TextThatADatabaseWouldNotTake_IsMadeSo(string? text, int length, string? expected) =>
        Assert.Equal(expected, ShortText.Clean(text, length));

    [Fact]
    public void Clean_HalfASurrogatePair_IsWhatUtf8MakesOfIt() => Assert.Equal("a\uFFFDb", ShortText.Clean("a" + (char)0xD83D + "b", 10));
}
