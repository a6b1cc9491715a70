using System.Globalization;
using Operone.Core.Errors;

namespace Operone.Core.Kernel.Schedules;

/// <summary>
/// Calendar words as people write them ("every weekday at 03:00", "on the last friday of every month at 6pm"), made into cron texts of
/// five fields. Words that say nothing that cron can say are refused, never guessed at.
/// </summary>
public static class CalendarWords
{
    /// <summary>The longest text.</summary>
    public const int MaxLength = 200;

    private const string Help = "Try 'every day at 03:00', 'every weekday at 9am', 'every monday and thursday at 22:30', 'every 15 minutes', "
        + "'on the 1st and 15th of every month at 04:00' or 'on the last friday of every month at 6pm'.";

    private static readonly string[] Days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    private static readonly string[] Months =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

    private static readonly string[] Ordinals = ["first", "second", "third", "fourth", "fifth"];

    /// <summary>The cron texts that together say the same; more than one where times differ in their minutes.</summary>
    public static Result<IReadOnlyList<string>> ToCron(string? text)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > MaxLength)
        {
            return Wrong($"is 1 to {MaxLength} characters. {Help}");
        }

        var words = new Words(text);
        var crons = Read(words);
        return crons is null || !words.IsEnd
            ? Wrong(words.IsEnd ? $"is not understood. {Help}" : $"is not understood from '{words.Here}' on. {Help}")
            : crons;
    }

    private static Error Wrong(string message) => Error.InvalidField("calendar", message);

    private static List<string>? Read(Words words)
    {
        if (words.Take("hourly"))
        {
            return ["0 * * * *"];
        }

        foreach (var (word, days) in (ReadOnlySpan<(string, string)>)
            [("daily", "* * *"), ("weekly", "* * 1"), ("monthly", "1 * *"), ("quarterly", "1 1,4,7,10 *"), ("yearly", "1 1 *")])
        {
            if (words.Take(word))
            {
                return Timed(words, [days]);
            }
        }

        if (words.Take("on"))
        {
            words.Take("the");
            return ReadDaysOfMonth(words);
        }

        return words.Take("every") ? ReadEvery(words) : null;
    }

    private static List<string>? ReadEvery(Words words)
    {
        if (words.Take("minute"))
        {
            return ["* * * * *"];
        }

        if (words.Take("hour"))
        {
            return !words.Take("at") ? ["0 * * * *"] : words.TakeMinute() is { } minute ? [$"{Text(minute)} * * * *"] : null;
        }

        if (words.TakeNumber() is { } count)
        {
            return ReadInterval(words, count);
        }

        if (words.Take("month"))
        {
            words.Take("on");
            return words.Take("the") ? ReadOrdinals(words) is { } days ? Timed(words, days.ConvertAll(d => $"{d.Day} * {d.Weekday}")) : null : Timed(words, ["1 * *"]);
        }

        foreach (var (word, days) in (ReadOnlySpan<(string, string)>)
            [("day", "* * *"), ("weekday", "* * 1-5"), ("weekend", "* * 0,6"), ("week", "* * 1"), ("quarter", "1 1,4,7,10 *"), ("year", "1 1 *")])
        {
            if (words.Take(word))
            {
                return Timed(words, [days]);
            }
        }

        return ReadWeekdays(words) is { } weekdays ? Timed(words, [$"* * {weekdays}"]) : null;
    }

    // What does not divide an hour or a day would begin anew at its end.
    private static List<string>? ReadInterval(Words words, int count) =>
        (words.Take("minutes") || words.Take("minute")) && count is > 0 and < 60 && 60 % count == 0 ? [$"*/{Text(count)} * * * *"]
        : (words.Take("hours") || words.Take("hour")) && count is > 0 and < 24 && 24 % count == 0 ? [$"0 */{Text(count)} * * *"]
        : null;

    private static string? ReadWeekdays(Words words)
    {
        var found = new List<string>();
        do
        {
            if (words.TakeOneOf(Days) is not { } day)
            {
                return null;
            }

            found.Add(!words.Take("to") && !words.Take("through") ? Text(day) : words.TakeOneOf(Days) is not { } last ? "" : Range(day, last));
        }
        while (words.TakeAnd());
        return found.Contains("") ? null : string.Join(',', found);

        // Friday to Monday goes over the week's end.
        static string Range(int first, int last) =>
            first <= last ? $"{Text(first)}-{Text(last)}" : string.Join(',', Enumerable.Range(0, 8 - first + last).Select(i => Text((first + i) % 7)));
    }

    private static List<string>? ReadDaysOfMonth(Words words)
    {
        if (ReadOrdinals(words) is not { } days || !words.Take("of"))
        {
            return null;
        }

        string months;
        if (words.Take("every") || words.Take("each") || words.Take("the"))
        {
            if (!words.Take("month"))
            {
                return null;
            }

            months = "*";
        }
        else
        {
            var found = new List<string>();
            do
            {
                if (words.TakeOneOf(Months) is not { } month)
                {
                    return null;
                }

                found.Add(Text(month + 1));
            }
            while (words.TakeAnd());
            months = string.Join(',', found);
        }

        return Timed(words, days.ConvertAll(d => $"{d.Day} {months} {d.Weekday}"));
    }

    /// <summary>Days of a month: numbers make one cron text together, what has a weekday one each.</summary>
    private static List<(string Day, string Weekday)>? ReadOrdinals(Words words)
    {
        var numbers = new List<int>();
        var others = new List<(string, string)>();
        do
        {
            words.Take("the");
            if (words.TakeOrdinalNumber() is { } number)
            {
                numbers.Add(number);
            }
            else if (words.Take("last"))
            {
                if (words.Take("day"))
                {
                    others.Add(("L", "*"));
                }
                else if (words.Take("weekday"))
                {
                    others.Add(("LW", "*"));
                }
                else if (words.TakeOneOf(Days) is { } day)
                {
                    others.Add(("*", $"{Text(day)}L"));
                }
                else
                {
                    return null;
                }
            }
            else if (words.TakeOneOf(Ordinals) is { } ordinal)
            {
                if (words.Take("day"))
                {
                    numbers.Add(ordinal + 1);
                }
                else if (words.TakeOneOf(Days) is { } day)
                {
                    others.Add(("*", $"{Text(day)}#{Text(ordinal + 1)}"));
                }
                else
                {
                    return null;
                }
            }
            else
            {
                return null;
            }
        }
        while (words.TakeAnd());

        if (numbers.Count > 0)
        {
            others.Insert(0, (string.Join(',', numbers.Distinct().Order().Select(Text)), "*"));
        }

        return others;
    }

    /// <summary>With the times behind "at", else at midnight.</summary>
    private static List<string>? Timed(Words words, IReadOnlyList<string> days)
    {
        var times = new List<(int Hour, int Minute)>();
        if (!words.Take("at"))
        {
            times.Add((0, 0));
        }
        else
        {
            do
            {
                if (words.TakeTime() is not { } time)
                {
                    return null;
                }

                times.Add(time);
            }
            while (words.TakeAnd());
        }

        return
        [
            .. from day in days
               from minute in times.GroupBy(t => t.Minute)
               select $"{Text(minute.Key)} {string.Join(',', minute.Select(t => t.Hour).Distinct().Order().Select(Text))} {day}",
        ];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The words of a text, taken one after the other.</summary>
    private sealed class Words(string text)
    {
        private readonly string[] _words = text.ToLowerInvariant().Replace(",", " , ", StringComparison.Ordinal)
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

        private int _at;

        public bool IsEnd => _at >= _words.Length;

        public string Here => _words[_at];

        public bool Take(string word)
        {
            if (IsEnd || _words[_at] != word)
            {
                return false;
            }

            _at++;
            return true;
        }

        /// <summary>A comma, "and", or both.</summary>
        public bool TakeAnd()
        {
            var comma = Take(",");
            return Take("and") || comma;
        }

        public int? TakeOneOf(string[] names)
        {
            // "mondays" and "mon" are monday
            var index = IsEnd ? -1 : Array.FindIndex(names, n => n == Here || n + "s" == Here || (Here.Length == 3 && n.StartsWith(Here, StringComparison.Ordinal)));
            if (index < 0)
            {
                return null;
            }

            _at++;
            return index;
        }

        public int? TakeNumber() => !IsEnd && int.TryParse(Here, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Taken(number) : null;

        /// <summary>A day of a month: 1st to 31st.</summary>
        public int? TakeOrdinalNumber() =>
            !IsEnd && Here.Length is 3 or 4 && Here[^2..] is "st" or "nd" or "rd" or "th"
                && int.TryParse(Here.AsSpan(0, Here.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 31
                ? Taken(number) : null;

        /// <summary>A minute of the hour: :05.</summary>
        public int? TakeMinute() =>
            !IsEnd && Here.Length == 3 && Here[0] == ':' && int.TryParse(Here.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var minute) && minute < 60
                ? Taken(minute) : null;

        /// <summary>A time of the day: 03:00, 9am, 9:30 pm, noon, midnight.</summary>
        public (int Hour, int Minute)? TakeTime()
        {
            if (Take("noon"))
            {
                return (12, 0);
            }

            if (Take("midnight"))
            {
                return (0, 0);
            }

            if (IsEnd)
            {
                return null;
            }

            var word = Here;
            var half = word.EndsWith("am", StringComparison.Ordinal) ? "am" : word.EndsWith("pm", StringComparison.Ordinal) ? "pm" : null;
            var parts = (half is null ? word : word[..^2]).Split(':');
            if (parts.Length is < 1 or > 2 || !parts.All(p => p.Length is 1 or 2 && p.All(char.IsAsciiDigit)) || (parts.Length == 2 && parts[1].Length != 2))
            {
                return null;
            }

            var hour = int.Parse(parts[0], CultureInfo.InvariantCulture);
            var minute = parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
            _at++;
            half ??= Take("am") ? "am" : Take("pm") ? "pm" : null;
            if (half is not null)
            {
                return hour is >= 1 and <= 12 && minute < 60 ? ((hour % 12) + (half == "pm" ? 12 : 0), minute) : null;
            }

            // "at 9" is morning or evening: nobody knows
            return parts.Length == 2 && hour < 24 && minute < 60 ? (hour, minute) : null;
        }

        private int Taken(int number)
        {
            _at++;
            return number;
        }
    }
}
