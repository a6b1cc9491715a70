using System.Text.Json;
using Microsoft.Extensions.Logging;
using Operone.Agent.Devices;

namespace Operone.Agent.Connection;

/// <summary>How the connection is, written for <c>operone agent status</c> each time it changes.</summary>
/// <param name="Pid">The agent's process.</param>
/// <param name="Connected">Whether it is connected.</param>
/// <param name="Since">Since when (UTC).</param>
/// <param name="DeviceName">The device's name, as the server last told.</param>
/// <param name="Problem">Why it is not connected.</param>
internal sealed record ConnectionState(int Pid, bool Connected, DateTimeOffset Since, string? DeviceName, string? Problem);

/// <summary>Keeps the file with the <see cref="ConnectionState"/>.</summary>
internal sealed partial class ConnectionStateFile(StateDirectory state, TimeProvider time, ILogger<ConnectionStateFile> logger)
{
    private ConnectionState? _last;

    /// <summary>How often it has changed.</summary>
    public long Changes { get; private set; }

    /// <summary>Writes what is new.</summary>
    public void Set(bool connected, string? deviceName, string? problem)
    {
        var since = _last is { } last && last.Connected == connected ? last.Since : time.GetUtcNow();
        var next = new ConnectionState(Environment.ProcessId, connected, since, deviceName ?? _last?.DeviceName, problem);
        if (next == _last)
        {
            return;
        }

        _last = next;
        Changes++;
        try
        {
            OwnFile.Write(state.Status, JsonSerializer.SerializeToUtf8Bytes(next, AgentJson.Default.ConnectionState));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.StatusNotWritten(logger, failure.Message);
        }
    }

    /// <summary>Reads what an agent has written, or null.</summary>
    public static ConnectionState? Read(StateDirectory state)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(state.Status), AgentJson.Default.ConnectionState);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The status file could not be written: {Problem}")]
        public static partial void StatusNotWritten(ILogger logger, string problem);
    }
}
