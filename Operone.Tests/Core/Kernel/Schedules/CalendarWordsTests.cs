using Operone.Core.Kernel.Schedules;
using Xunit;

namespace Operone.Tests.Core.Kernel.Schedules;

public sealed class CalendarWordsTests
{
    [Theory]
    [InlineData("hourly", "0 * * * *")]
    [InlineData("daily", "0 0 * * *")]
    [InlineData("weekly at noon", "0 12 * * 1")]
    [InlineData("every minute", "* * * * *")]
    [InlineData("every 15 minutes", "*/15 * * * *")]
    [InlineData("every 6 hours", "0 */6 * * *")]
    [InlineData("every hour at :05", "5 * * * *")]
    [InlineData("Every Weekday at 03:00", "0 3 * * 1-5")]
    [InlineData("every day at 9am", "0 9 * * *")]
    [InlineData("every day at 12am and 12pm", "0 0,12 * * *")]
    [InlineData("every day at 9:30 pm", "30 21 * * *")]
    [InlineData("every weekend at 10:15", "15 10 * * 0,6")]
    [InlineData("every monday and thursday at 22:30", "30 22 * * 1,4")]
    [InlineData("every mon, wed, and fri at 6:00", "0 6 * * 1,3,5")]
    [InlineData("every monday to friday at 03:00", "0 3 * * 1-5")]
    [InlineData("every friday to monday", "0 0 * * 5,6,0,1")]
    [InlineData("every day at 03:00, 15:00 and 15:30", "0 3,15 * * *|30 15 * * *")]
    [InlineData("on the 1st and 15th of every month at 04:00", "0 4 1,15 * *")]
    [InlineData("on the last day of every month at 23:00", "0 23 L * *")]
    [InlineData("on the last friday of every month at 6pm", "0 18 * * 5L")]
    [InlineData("every month on the first monday at 08:00", "0 8 * * 1#1")]
    [InlineData("on the 1st and the last weekday of every month", "0 0 1 * *|0 0 LW * *")]
    [InlineData("on the 24th of december at midnight", "0 0 24 12 *")]
    [InlineData("on the 3rd of march, june and september at 05:45", "45 5 3 3,6,9 *")]
    [InlineData("quarterly at 02:00", "0 2 1 1,4,7,10 *")]
    public void Words_ThatPeopleWrite_BecomeCron(string words, string crons)
    {
        var read = CalendarWords.ToCron(words);
        Assert.Null(read.Error);
        Assert.Equal(crons, string.Join('|', read.Value));
        Assert.All(read.Value, c => Assert.True(Cronos.CronExpression.TryParse(c, out _), c));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sometimes")]
    [InlineData("every")]
    [InlineData("every 7 minutes")] // begins anew at each hour: an interval is meant
    [InlineData("every 0 minutes")]
    [InlineData("every 99999999999 minutes")]
    [InlineData("every day at 9")] // morning or evening?
    [InlineData("every day at 25:00")]
    [InlineData("every day at 13pm")]
    [InlineData("every day at 03:00 or so")]
    [InlineData("every mo")]
    [InlineData("on the 32nd of every month")]
    [InlineData("on the last of every month")]
    [InlineData("on the 1st of smarch")]
    [InlineData("every monday and at 03:00")]
    [InlineData("every day at 03:00 and")]
    [InlineData("every day at 3:0")]
    [InlineData("every month on the")]
    public void Words_ThatAreNotClear_AreRefusedWithAnExample(string words)
    {
        var read = CalendarWords.ToCron(words);
        Assert.Contains("Try 'every day at 03:00'", read.Error!.Fields!["calendar"].Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Refusal_NamesTheWordThatWasNotUnderstood() =>
        Assert.Contains("from 'teatime' on", CalendarWords.ToCron("every day at teatime").Error!.Fields!["calendar"].Single(), StringComparison.Ordinal);

    [Fact]
    public void Text_ThatIsTooLong_IsRefused() => Assert.True(CalendarWords.ToCron(new string('a', 5000)).IsError);
}
