using System.Globalization;

namespace Operone.Core.Kernel.Alerts;

/// <summary>What is the matter, in one line, for people. Pure.</summary>
public static class AlertTexts
{
    /// <summary>That a number of a device is beyond its limit.</summary>
    public static string Beyond(string device, AlertTelemetry condition, double value, TimeSpan held)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return $"{device}: {AlertRules.Name(condition.Metric)} is {AlertRules.Format(condition.Metric, value)}, {AlertRules.Limit(condition)}{For(held)}";
    }

    /// <summary>That a device is offline.</summary>
    public static string Offline(string device, DateTimeOffset since) =>
        string.Create(CultureInfo.InvariantCulture, $"{device} is offline since {since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z");

    /// <summary>That a run of a job failed.</summary>
    public static string Failed(string job, string? status, string? reason) => $"job {job} {status ?? "failed"}{(string.IsNullOrEmpty(reason) ? "" : $": {reason}")}";

    /// <summary>That an event happened.</summary>
    public static string Happened(string type, string subject) => $"{type}: {subject}";

    /// <summary>That it is over.</summary>
    public static string Over(string text) => $"over: {text}";

    private static string For(TimeSpan held) => held > TimeSpan.Zero ? $" for {Quantities.FormatDuration(held)}" : "";
}
