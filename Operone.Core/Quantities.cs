using System.Globalization;
using Operone.Core.Errors;

namespace Operone.Core;

/// <summary>
/// Durations, sizes and relative times as people write and read them. Every door uses these, so that the same
/// thing is written in one way everywhere.
/// </summary>
public static class Quantities
{
    private static readonly (string Unit, long Ticks)[] DurationUnits =
    [
        ("d", TimeSpan.TicksPerDay),
        ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
    ];

    // as GNU coreutils reads them: a letter alone and "iB" are powers of 1024, "B" after the letter is powers of 1000
    private static readonly (string Unit, long Bytes)[] SizeUnits =
    [
        ("B", 1),
        ("K", 1L << 10), ("Ki", 1L << 10), ("KiB", 1L << 10), ("kB", 1000),
        ("M", 1L << 20), ("Mi", 1L << 20), ("MiB", 1L << 20), ("MB", 1_000_000),
        ("G", 1L << 30), ("Gi", 1L << 30), ("GiB", 1L << 30), ("GB", 1_000_000_000),
        ("T", 1L << 40), ("Ti", 1L << 40), ("TiB", 1L << 40), ("TB", 1_000_000_000_000),
    ];

    private static readonly string[] SizeNames = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>
    /// Reads a duration: one or more numbers with the units <c>d h m s ms</c>, largest first, for example
    /// <c>30s</c>, <c>1.5h</c>, <c>1m 12s</c>. A number alone is seconds, as in <c>timeout(1)</c>.
    /// What <see cref="FormatDuration"/> writes can be read back.
    /// </summary>
    public static Result<TimeSpan> ParseDuration(string? text)
    {
        var rest = (text ?? "").AsSpan().Trim();
        if (rest.IsEmpty)
        {
            return MalformedDuration(text);
        }

        if (ReadNumber(ref rest) is not { } number)
        {
            return MalformedDuration(text);
        }

        if (rest.IsEmpty)
        {
            return ToTime(number * TimeSpan.TicksPerSecond, text);
        }

        decimal ticks = 0;
        var next = 0;
        while (true)
        {
            var unit = ReadUnit(ref rest);
            var index = next;
            while (index < DurationUnits.Length && !unit.Equals(DurationUnits[index].Unit, StringComparison.Ordinal))
            {
                index++;
            }

            if (index == DurationUnits.Length)
            {
                return MalformedDuration(text);
            }

            ticks += number * DurationUnits[index].Ticks;
            next = index + 1;
            rest = rest.TrimStart();
            if (rest.IsEmpty)
            {
                return ToTime(ticks, text);
            }

            if (ReadNumber(ref rest) is not { } following)
            {
                return MalformedDuration(text);
            }

            number = following;
        }
    }

    /// <summary>
    /// Reads a size in bytes: a number with <c>B</c>, <c>KiB MiB GiB TiB</c>, <c>Ki Mi Gi Ti</c> or <c>K M G T</c> (powers of 1024), or
    /// <c>kB MB GB TB</c> (powers of 1000), in any case, for example <c>16MiB</c>. A number alone is bytes.
    /// </summary>
    public static Result<long> ParseSize(string? text)
    {
        var rest = (text ?? "").AsSpan().Trim();
        if (ReadNumber(ref rest) is not { } number)
        {
            return MalformedSize(text);
        }

        var unit = ReadUnit(ref rest);
        if (!rest.IsEmpty)
        {
            return MalformedSize(text);
        }

        long bytes = unit.IsEmpty ? 1 : 0;
        foreach (var (name, value) in SizeUnits)
        {
            if (unit.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                bytes = value;
            }
        }

        if (bytes == 0)
        {
            return MalformedSize(text);
        }

        var size = decimal.Truncate(number * bytes);
        return size <= long.MaxValue ? (long)size : TooLarge("malformed-size", "The size cannot be read.", text);
    }

    /// <summary>
    /// A duration in its two largest units, for example <c>850ms</c>, <c>2.5s</c>, <c>42s</c>, <c>1m 12s</c>,
    /// <c>3d 4h</c>. What is smaller is cut off.
    /// </summary>
    public static string FormatDuration(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
        {
            // TimeSpan.MinValue has no positive counterpart
            return "-" + FormatDuration(duration == TimeSpan.MinValue ? TimeSpan.MaxValue : -duration);
        }

        if (duration < TimeSpan.FromSeconds(1))
        {
            return duration == TimeSpan.Zero ? "0s" : Invariant($"{(long)duration.TotalMilliseconds}ms");
        }

        if (duration < TimeSpan.FromSeconds(10))
        {
            return Invariant($"{decimal.Truncate(duration.Ticks * 10m / TimeSpan.TicksPerSecond) / 10m:0.#}s");
        }

        var (large, largeUnit, small, smallUnit) = duration switch
        {
            { TotalMinutes: < 1 } => (duration.Seconds, "s", 0, ""),
            { TotalHours: < 1 } => (duration.Minutes, "m", duration.Seconds, "s"),
            { TotalDays: < 1 } => (duration.Hours, "h", duration.Minutes, "m"),
            _ => (duration.Days, "d", duration.Hours, "h"),
        };
        return small == 0 ? Invariant($"{large}{largeUnit}") : Invariant($"{large}{largeUnit} {small}{smallUnit}");
    }

    /// <summary>A size in binary units, for example <c>512 B</c>, <c>1.5 KiB</c>, <c>16 MiB</c>. What is smaller is cut off.</summary>
    public static string FormatSize(long bytes)
    {
        if (bytes < 0)
        {
            return "-" + FormatSize(bytes == long.MinValue ? long.MaxValue : -bytes);
        }

        var unit = 0;
        var divisor = 1L;
        while (bytes / divisor >= 1024)
        {
            divisor <<= 10;
            unit++;
        }

        var value = (decimal)bytes / divisor;
        value = value < 100 ? decimal.Truncate(value * 10) / 10 : decimal.Truncate(value);
        return Invariant($"{value:0.#} {SizeNames[unit]}");
    }

    /// <summary>
    /// A time as people say it: <c>just now</c>, <c>12s ago</c>, <c>3m ago</c>, <c>5h ago</c>, <c>2d ago</c>, and
    /// <c>in 3m</c> for what is to come. From 30 days on it is the date (UTC).
    /// </summary>
    public static string FormatRelative(DateTimeOffset at, DateTimeOffset now)
    {
        var past = now - at;
        var distance = past.Duration();
        if (distance.TotalDays >= 30)
        {
            return at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }

        if (distance.TotalSeconds < 5)
        {
            // clocks differ a little: a second ahead is now as well
            return "just now";
        }

        var text = distance switch
        {
            { TotalMinutes: < 1 } => Invariant($"{distance.Seconds}s"),
            { TotalHours: < 1 } => Invariant($"{distance.Minutes}m"),
            { TotalDays: < 1 } => Invariant($"{distance.Hours}h"),
            _ => Invariant($"{distance.Days}d"),
        };
        return past > TimeSpan.Zero ? $"{text} ago" : $"in {text}";
    }

    private static decimal? ReadNumber(ref ReadOnlySpan<char> rest)
    {
        var length = 0;
        while (length < rest.Length && (char.IsAsciiDigit(rest[length]) || rest[length] == '.'))
        {
            length++;
        }

        // sixteen digits cannot overflow a decimal when multiplied by the largest unit
        if (length is 0 or > 16 || !char.IsAsciiDigit(rest[0]) || !char.IsAsciiDigit(rest[length - 1])
            || !decimal.TryParse(rest[..length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        rest = rest[length..].TrimStart();
        return number;
    }

    private static ReadOnlySpan<char> ReadUnit(ref ReadOnlySpan<char> rest)
    {
        var length = 0;
        while (length < rest.Length && char.IsAsciiLetter(rest[length]))
        {
            length++;
        }

        var unit = rest[..length];
        rest = rest[length..];
        return unit;
    }

    private static Result<TimeSpan> ToTime(decimal ticks, string? text) =>
        ticks <= long.MaxValue
            ? TimeSpan.FromTicks((long)decimal.Truncate(ticks))
            : TooLarge("malformed-duration", "The duration cannot be read.", text);

    private static Error MalformedDuration(string? text) =>
        new(ErrorKind.Invalid, "malformed-duration", "The duration cannot be read.",
            $"'{Shorten(text)}' is not a duration: write a number and one of ms, s, m, h, d, for example 30s, 5m or 1h30m.");

    private static Error MalformedSize(string? text) =>
        new(ErrorKind.Invalid, "malformed-size", "The size cannot be read.",
            $"'{Shorten(text)}' is not a size: write a number and one of B, KiB, MiB, GiB, TiB, for example 16MiB.");

    private static Error TooLarge(string code, string title, string? text) =>
        new(ErrorKind.Invalid, code, title, $"'{Shorten(text)}' is too large.");

    private static string Shorten(string? text) =>
        text is null ? "" : text.Length <= 40 ? text : text[..40] + "…";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
