using CsCheck;
using Operone.Core;
using Xunit;

namespace Operone.Tests.Core;

public sealed class QuantitiesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("2h", 7200)]
    [InlineData("1d", 86400)]
    [InlineData("250ms", 0.25)]
    [InlineData("1.5h", 5400)]
    [InlineData("1h30m", 5400)]
    [InlineData(" 1m 12s ", 72)]
    [InlineData("1d 500ms", 86400.5)]
    [InlineData("10 s", 10)]
    [InlineData("30", 30)]
    [InlineData("0", 0)]
    public void ParseDuration_WellFormed_GivesSeconds(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Quantities.ParseDuration(text).Value);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5x")]
    [InlineData("5S")]
    [InlineData("30s 1m")]
    [InlineData("1m 1m")]
    [InlineData("1m 12")]
    [InlineData("1..5s")]
    [InlineData(".5s")]
    [InlineData("5.s")]
    [InlineData("1e3s")]
    [InlineData("99999999999999999d")]
    [InlineData("9999999999999999999s")]
    public void ParseDuration_Malformed_SaysWhatIsWrong(string? text)
    {
        var error = Quantities.ParseDuration(text).Error;
        Assert.Equal("malformed-duration", error?.Code);
        Assert.Contains(text?.Trim() ?? "", error!.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("42", 42)]
    [InlineData("42B", 42)]
    [InlineData("16MiB", 16L << 20)]
    [InlineData("16 mib", 16L << 20)]
    [InlineData("16M", 16L << 20)]
    [InlineData("16MB", 16_000_000)]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("1.5KiB", 1536)]
    [InlineData("2k", 2048)]
    [InlineData("2kB", 2000)]
    [InlineData("1TiB", 1L << 40)]
    public void ParseSize_WellFormed_GivesBytes(string text, long bytes) => Assert.Equal(bytes, Quantities.ParseSize(text).Value);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("-1")]
    [InlineData("16MiBs")]
    [InlineData("16Mx")]
    [InlineData("1 2")]
    [InlineData("99999999TiB")]
    public void ParseSize_Malformed_SaysWhatIsWrong(string? text) =>
        Assert.Equal("malformed-size", Quantities.ParseSize(text).Error?.Code);

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.0004, "0ms")]
    [InlineData(0.85, "850ms")]
    [InlineData(1, "1s")]
    [InlineData(2.55, "2.5s")]
    [InlineData(9.99, "9.9s")]
    [InlineData(12.9, "12s")]
    [InlineData(60, "1m")]
    [InlineData(72.4, "1m 12s")]
    [InlineData(3599.9, "59m 59s")]
    [InlineData(3600, "1h")]
    [InlineData(7500, "2h 5m")]
    [InlineData(273600, "3d 4h")]
    [InlineData(-72, "-1m 12s")]
    public void FormatDuration_Any_HasTwoLargestUnits(double seconds, string text) =>
        Assert.Equal(text, Quantities.FormatDuration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(1048575, "1023 KiB")]
    [InlineData(16 << 20, "16 MiB")]
    [InlineData(17_100_000, "16.3 MiB")]
    [InlineData(long.MaxValue, "7.9 EiB")]
    [InlineData(-1536, "-1.5 KiB")]
    public void FormatSize_Any_IsBinary(long bytes, string text) => Assert.Equal(text, Quantities.FormatSize(bytes));

    [Theory]
    [InlineData(0, "just now")]
    [InlineData(4, "just now")]
    [InlineData(-3, "just now")]
    [InlineData(12, "12s ago")]
    [InlineData(200, "3m ago")]
    [InlineData(86399, "23h ago")]
    [InlineData(172800, "2d ago")]
    [InlineData(-200, "in 3m")]
    [InlineData(30 * 86400, "2026-01-30")]
    public void FormatRelative_SecondsAgo_IsSaidInWords(long secondsAgo, string text) =>
        Assert.Equal(text, Quantities.FormatRelative(Now.AddSeconds(-secondsAgo), Now));

    [Fact]
    public void FormatDuration_Any_ReadsBackAsTheSameText() =>
        Gen.Long[0, TimeSpan.TicksPerDay * 10_000].Sample(ticks =>
        {
            var text = Quantities.FormatDuration(TimeSpan.FromTicks(ticks));
            var back = Quantities.ParseDuration(text).Value;
            Assert.True(back.Ticks <= ticks);
            Assert.Equal(text == "0ms" ? "0s" : text, Quantities.FormatDuration(back));
        });

    [Fact]
    public void FormatSize_Any_ReadsBackAsNoMoreAndNearlyAsMuch() =>
        Gen.Long[0, 1L << 49].Sample(bytes =>
        {
            var back = Quantities.ParseSize(Quantities.FormatSize(bytes)).Value;
            Assert.InRange(back, bytes - (bytes / 10) - 1, bytes);
        });

    [Fact]
    public void Parse_Garbage_NeverThrows() =>
        Gen.OneOf(Gen.String, Gen.String[Gen.Char["0123456789.smhdKMGiB -"], 0, 30]).Sample(text =>
        {
            _ = Quantities.ParseDuration(text);
            _ = Quantities.ParseSize(text);
        });
}
