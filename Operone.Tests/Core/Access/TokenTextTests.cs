using CsCheck;
using Operone.Core.Access;
using Xunit;

namespace Operone.Tests.Core.Access;

public sealed class TokenTextTests
{
    private static readonly Gen<byte[]> Bytes = Gen.Byte.Array[32];

    [Fact]
    public void Token_OfAnyBytes_HasTheFormAndIsWellFormed() => Bytes.Sample(bytes =>
    {
        var text = TokenText.Create(bytes);
        Assert.Equal(TokenText.Length, text.Length);
        Assert.Matches($"^{TokenText.Pattern}$", text);
        Assert.True(TokenText.IsWellFormed(text));
    });

    [Fact]
    public void Token_OfOtherBytes_IsAnother() => Gen.Select(Bytes, Bytes).Where((a, b) => !a.SequenceEqual(b))
        .Sample((a, b) => Assert.NotEqual(TokenText.Create(a), TokenText.Create(b)));

    [Fact]
    public void Token_WithAnyOneCharacterChanged_IsNotWellFormed() =>
        Gen.Select(Bytes, Gen.Int[0, TokenText.Length - 1], Gen.OneOf(Gen.Char.AlphaNumeric, Gen.Char)).Sample((bytes, at, character) =>
        {
            var text = TokenText.Create(bytes).ToCharArray();
            if (text[at] == character)
            {
                return;
            }

            text[at] = character;
            Assert.False(TokenText.IsWellFormed(text), new string(text));
        });

    [Fact]
    public void Token_WithEveryPossibleDigitInEachPlace_IsCaught()
    {
        const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var right = TokenText.Create();
        for (var at = 4; at < right.Length; at++)
        {
            foreach (var digit in Digits.Where(d => d != right[at]))
            {
                Assert.False(TokenText.IsWellFormed(right[..at] + digit + right[(at + 1)..]));
            }
        }
    }

    [Fact]
    public void Token_WithTwoNeighboursSwappedOrCutOff_IsNotWellFormed() =>
        Gen.Select(Bytes, Gen.Int[4, TokenText.Length - 2]).Sample((bytes, at) =>
        {
            var text = TokenText.Create(bytes);
            var swapped = text.ToCharArray();
            (swapped[at], swapped[at + 1]) = (swapped[at + 1], swapped[at]);
            Assert.Equal(text[at] == text[at + 1], TokenText.IsWellFormed(swapped));
            Assert.False(TokenText.IsWellFormed(text.AsSpan(0, at)));
            Assert.False(TokenText.IsWellFormed(text + text[at]));
        });

    // Worked out apart from this code, by Python: zlib.crc32 and divmod by 62.
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "opr_00000000000000000000000000000000000000000002CZclj")]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "opr_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1Yo7hP")]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "opr_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13sRzl1")]
    public void Token_OfKnownBytes_IsAsOthersMakeIt(string hex, string expected) =>
        Assert.Equal(expected, TokenText.Create(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("opr_", true)]
    [InlineData("opr_x", true)]
    [InlineData("op_x", false)]
    [InlineData("OPR_x", false)]
    [InlineData("", false)]
    public void LooksLikeOne_Text_ByItsBeginning(string text, bool expected) => Assert.Equal(expected, TokenText.LooksLikeOne(text));
}
