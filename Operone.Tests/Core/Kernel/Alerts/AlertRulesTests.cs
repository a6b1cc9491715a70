using Operone.Core.Devices;
using Operone.Core.Kernel.Alerts;
using Xunit;

namespace Operone.Tests.Core.Kernel.Alerts;

/// <summary>What is right and wrong with alert rules and silences, and what they say.</summary>
public sealed class AlertRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly SaveAlertRule Hot = new() { Name = "hot", Telemetry = new() { Metric = AlertMetric.Cpu, Over = 90 }, For = "5m" };

    [Fact]
    public void Check_WhatIsRight_IsRight()
    {
        Assert.Null(AlertRules.Check(Hot));
        Assert.Null(AlertRules.Check(new() { Name = "gone", Offline = true, For = "0s", Selector = "env=prod", Repeat = "5m" }));
        Assert.Null(AlertRules.Check(new() { Name = "job", Job = "*" }));
        Assert.Null(AlertRules.Check(new() { Name = "events", Events = ["audit.*", "*"], Selector = "a in (b,c)" }));
    }

    [Fact]
    public void Check_WhatIsWrong_IsSaidByField()
    {
        Assert.Equal(["name", "telemetry"], Fields(new() { Name = "" }));
        Assert.Equal(["telemetry"], Fields(Hot with { Offline = true }));
        Assert.Equal(["name"], Fields(Hot with { Name = Guid.NewGuid().ToString() }));
        Assert.Equal(["telemetry.over"], Fields(Hot with { Telemetry = new() { Metric = AlertMetric.Cpu, Over = 1, Under = 2 } }));
        Assert.Equal(["telemetry.metric"], Fields(Hot with { Telemetry = new() { Over = 90 } }));
        Assert.Equal(["telemetry.over"], Fields(Hot with { Telemetry = new() { Metric = AlertMetric.Cpu, Over = 100 } }));
        Assert.Equal(["telemetry.over"], Fields(Hot with { Telemetry = new() { Metric = AlertMetric.Load, Over = double.NaN } }));
        Assert.Equal(["for"], Fields(Hot with { For = "8d" }));
        Assert.Equal(["repeat"], Fields(Hot with { Repeat = "4m" }));
        Assert.Equal(["selector"], Fields(Hot with { Selector = "=" }));
        Assert.Equal(["for", "recovery", "selector"], Fields(new() { Name = "job", Job = "backup", For = "1m", Recovery = "1m", Selector = "a=b" }));
        Assert.Equal(["events"], Fields(new() { Name = "loop", Events = ["alert.raised"] }));
        Assert.Equal(["events"], Fields(new() { Name = "none", Events = [] }));
        Assert.Equal(["events"], Fields(new() { Name = "none", Events = [null!, "a b"] }));
    }

    [Fact]
    public void Times_WithoutARecovery_AreCalmAsLongAsTheyHold_AndAtMostAMinute()
    {
        Assert.Equal(TimeSpan.FromSeconds(3), AlertRules.TimesOf(Hot with { For = "3s" }).Recovery);
        Assert.Equal(TimeSpan.FromMinutes(1), AlertRules.TimesOf(Hot).Recovery);
        Assert.Equal(TimeSpan.Zero, AlertRules.TimesOf(Hot with { Recovery = "0s" }).Recovery);
        Assert.Equal(TimeSpan.Zero, AlertRules.TimesOf(Hot with { For = null }).Recovery);
    }

    [Fact]
    public void Value_OfEachNumber_IsInItsUnit_AndMissingWhereItIsNotTold()
    {
        var sample = new TelemetrySample
        {
            CpuPercent = 12.5,
            MemoryUsedBytes = 1,
            MemoryTotalBytes = 4,
            Load1 = 6,
            SwapUsedBytes = 3 << 20,
            Processes = 7,
            NetworkSentPerSecond = 1 << 20,
            Disks = [new("/", 10, 100), new("/full", 95, 100), new("/odd", 1, 0)],
        };
        Assert.Equal([12.5, 25, 95, 1.5, 3, 7, 0, 1], Enum.GetValues<AlertMetric>().Select(m => AlertRules.ValueOf(m, sample, 4000)));
        Assert.Null(AlertRules.ValueOf(AlertMetric.Load, sample, null));
        Assert.Null(AlertRules.ValueOf(AlertMetric.Memory, new(), null));
        Assert.Null(AlertRules.ValueOf(AlertMetric.Disk, new(), null));
        Assert.True(AlertRules.IsBeyond(new() { Under = 5 }, 4.9));
        Assert.False(AlertRules.IsBeyond(new() { Over = 5 }, 5));
    }

    [Fact]
    public void Describe_SaysWhatItWaitsFor()
    {
        Assert.Equal("CPU over 90 % for 5m on env=prod", AlertRules.Describe(Hot with { Selector = "env=prod" }));
        Assert.Equal("device offline for 3s", AlertRules.Describe(new() { Offline = true, For = "3s" }));
        Assert.Equal("any job failed", AlertRules.Describe(new() { Job = "*" }));
        Assert.Equal("web-1: fullest disk is 97.5 %, over 90 % for 5m", AlertTexts.Beyond("web-1", new() { Metric = AlertMetric.Disk, Over = 90 }, 97.54, TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public void Silence_IsForSomething_SaysWhy_AndEnds()
    {
        Assert.Null(AlertRules.Check(new SaveSilence { Rule = "hot", For = "1h", Reason = "works" }, Now));
        Assert.Null(AlertRules.Check(new SaveSilence { Selector = "env=prod", From = Now.AddDays(1), Until = Now.AddDays(2), Reason = "works" }, Now));
        Assert.Equal(["reason", "rule", "until"], FieldsOf(AlertRules.Check(new SaveSilence(), Now)));
        Assert.Equal(["until"], FieldsOf(AlertRules.Check(new SaveSilence { Rule = "hot", Until = Now.AddSeconds(-1), Reason = "works" }, Now)));
        Assert.Equal(["until"], FieldsOf(AlertRules.Check(new SaveSilence { Rule = "hot", Until = Now.AddDays(91), Reason = "works" }, Now)));
        Assert.Equal(["until"], FieldsOf(AlertRules.Check(new SaveSilence { Rule = "hot", Until = Now.AddDays(1), For = "1d", Reason = "works" }, Now)));
        Assert.Equal(["for"], FieldsOf(AlertRules.Check(new SaveSilence { Rule = "hot", For = "91d", Reason = "works" }, Now)));
    }

    private static string[] Fields(SaveAlertRule rule) => FieldsOf(AlertRules.Check(rule));

    private static string[] FieldsOf(Operone.Core.Errors.Error? error) => [.. error!.Fields!.Keys.Order(StringComparer.Ordinal)];
}
