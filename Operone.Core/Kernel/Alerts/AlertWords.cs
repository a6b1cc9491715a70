using System.Text.Json.Serialization;

namespace Operone.Core.Kernel.Alerts;

/// <summary>How bad it is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AlertSeverity>))]
public enum AlertSeverity
{
    /// <summary>Good to know.</summary>
    [JsonStringEnumMemberName("info")] Info = 0,
    /// <summary>Somebody should look at it.</summary>
    [JsonStringEnumMemberName("warning")] Warning = 1,
    /// <summary>Somebody should look at it now.</summary>
    [JsonStringEnumMemberName("critical")] Critical = 2,
}

/// <summary>Where an alert stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AlertState>))]
public enum AlertState
{
    /// <summary>The condition holds, and not long enough yet. Nobody is told.</summary>
    [JsonStringEnumMemberName("pending")] Pending = 0,
    /// <summary>The condition has held for the whole time.</summary>
    [JsonStringEnumMemberName("firing")] Firing = 1,
    /// <summary>It is over.</summary>
    [JsonStringEnumMemberName("recovered")] Recovered = 2,
}

/// <summary>A number that devices tell of themselves.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AlertMetric>))]
public enum AlertMetric
{
    /// <summary>Processor use, 0 to 100 over all processors.</summary>
    [JsonStringEnumMemberName("cpu")] Cpu = 1,
    /// <summary>Memory in use, in per cent.</summary>
    [JsonStringEnumMemberName("memory")] Memory = 2,
    /// <summary>How full the fullest disk is, in per cent.</summary>
    [JsonStringEnumMemberName("disk")] Disk = 3,
    /// <summary>The load average over one minute for each processor.</summary>
    [JsonStringEnumMemberName("load")] Load = 4,
    /// <summary>Swap in use, in MiB.</summary>
    [JsonStringEnumMemberName("swap")] Swap = 5,
    /// <summary>How many processes there are.</summary>
    [JsonStringEnumMemberName("processes")] Processes = 6,
    /// <summary>What comes in over the network, in MiB a second.</summary>
    [JsonStringEnumMemberName("received")] Received = 7,
    /// <summary>What goes out over the network, in MiB a second.</summary>
    [JsonStringEnumMemberName("sent")] Sent = 8,
}

/// <summary>Which alerts a list shows.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AlertFilter>))]
public enum AlertFilter
{
    /// <summary>Those that are pending or firing.</summary>
    [JsonStringEnumMemberName("open")] Open = 0,
    /// <summary>Those that are pending.</summary>
    [JsonStringEnumMemberName("pending")] Pending = 1,
    /// <summary>Those that are firing.</summary>
    [JsonStringEnumMemberName("firing")] Firing = 2,
    /// <summary>Those that are over.</summary>
    [JsonStringEnumMemberName("recovered")] Recovered = 3,
    /// <summary>All of them.</summary>
    [JsonStringEnumMemberName("all")] All = 4,
}
