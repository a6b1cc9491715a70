using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell.Terminals;

/// <summary>Terminals in real hosts, and what they leave.</summary>
internal static class TerminalUnderTest
{
    /// <summary>A request for a terminal with a script of sh in it.</summary>
    public static StartExecution Request(string script, StartTerminal? terminal = null, long limit = TerminalLimits.DefaultRecordingBytes) =>
        HostUnderTest.Request() with { Argv = ["sh", "-c", script], Terminal = terminal ?? new StartTerminal(80, 24), OutputLimitBytes = limit };

    /// <summary>Starts a host with one.</summary>
    public static HostUnderTest Start(string script, StartTerminal? terminal = null, long limit = TerminalLimits.DefaultRecordingBytes) =>
        HostUnderTest.Start(Request(script, terminal, limit));

    /// <summary>How much memory a process has, in bytes.</summary>
    public static long Memory(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Waits for the end that the host writes.</summary>
    public static Task<ExecutionEnd> EndsAsync(this HostUnderTest host, double seconds = 30) =>
        Eventually.BecomesAsync(() => Task.FromResult(host.Folder.ReadEnd()), "an end", seconds);

    /// <summary>The events of a recording: each line is read as JSON, so that one that is not whole fails.</summary>
    public static IReadOnlyList<(double At, string Kind, string Data)> Events(string cast)
    {
        var lines = cast.Split('\n');
        Assert.Equal("", lines[^1]); // whole lines only
        using var header = System.Text.Json.JsonDocument.Parse(lines[0]);
        Assert.Equal(2, header.RootElement.GetProperty("version").GetInt32());
        return [.. lines[1..^1].Select(line =>
        {
            using var json = System.Text.Json.JsonDocument.Parse(line);
            Assert.Equal(3, json.RootElement.GetArrayLength());
            return (json.RootElement[0].GetDouble(), json.RootElement[1].GetString()!, json.RootElement[2].GetString()!);
        })];
    }

    /// <summary>All of one kind, put together.</summary>
    public static string All(this IReadOnlyList<(double At, string Kind, string Data)> events, string kind) =>
        string.Concat(events.Where(e => e.Kind == kind).Select(e => e.Data));
}
