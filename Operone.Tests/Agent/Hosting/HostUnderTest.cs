using System.Diagnostics;
using Operone.Agent.Shell;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Hosting;

/// <summary>A real <c>operone host FOLDER</c>, and what it leaves in the folder.</summary>
internal sealed class HostUnderTest : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IReadOnlyList<string> _before;
    private readonly Process _process;
    private readonly bool _isTerminal;

    private HostUnderTest(StartExecution request, IReadOnlyList<string> before, string? state = null)
    {
        _before = before;
        State = state ?? _temp.Path;
        _isTerminal = request.Terminal is not null;
        Id = request.ExecutionId;
        Folder = new ExecutionFolder($"{State}/{Id:N}");
        Folder.Create(request);
        if (before.Contains("setpriv"))
        {
            // the host is somebody else, and its folder is theirs
            using var give = Process.Start("chown", ["-R", "65534:65534", _temp.Path]);
            give.WaitForExit();
        }

        _process = Start();
    }

    public Guid Id { get; }

    public ExecutionFolder Folder { get; }

    /// <summary>The folder around the execution's: the agent's state directory, as it were.</summary>
    public string State { get; }

    /// <summary>The host's process.</summary>
    public Process Process => _process;

    /// <summary>A request, with an id of its own.</summary>
    public static StartExecution Request(string? command = null) => new()
    {
        ExecutionId = Guid.CreateVersion7(),
        RunId = Guid.CreateVersion7(),
        DeviceName = "web-1",
        Command = command,
        OutputLimitBytes = RunLimits.DefaultOutputLimitBytes,
    };

    /// <summary>Starts a host for a request.</summary>
    public static HostUnderTest Start(StartExecution request) => new(request, []);

    /// <summary>Starts a host whose folder is in this one.</summary>
    public static HostUnderTest StartIn(string state, StartExecution request) => new(request, [], state);

    /// <summary>Starts a host by other words: as another user, or in a world where something is missing.</summary>
    public static HostUnderTest StartBy(IReadOnlyList<string> before, StartExecution request) => new(request, before);

    /// <summary>Runs a request to its end.</summary>
    public static async Task<HostResult> RunAsync(StartExecution request)
    {
        using var host = Start(request);
        return await host.EndAsync();
    }

    /// <summary>Waits for the end.</summary>
    public async Task<HostResult> EndAsync()
    {
        var end = await Eventually.BecomesAsync(() => Task.FromResult(Folder.ReadEnd()), "an end", 60);
        return new HostResult(end, Read());
    }

    /// <summary>Another host for the same folder, which ends by itself.</summary>
    public Process Start()
    {
        string[] command = [.. _before, .. Processes.Agent];
        var start = new ProcessStartInfo(command[0], [.. command.Skip(1), "host", Folder.Path]) { UseShellExecute = false };
        if (_isTerminal)
        {
            // Shells read the start-up files of whoever's home it is, and those of this machine may do anything.
            start.Environment["HOME"] = _temp.Path;
        }

        return Process.Start(start)!;
    }

    public void Dispose()
    {
        _process.Kill();
        foreach (var pid in Processes.OfExecution(Id))
        {
            Processes.Kill(pid);
        }

        _process.WaitForExit();
        _process.Dispose();
        _temp.Dispose();
    }

    /// <summary>All frames as pieces, in order of arrival.</summary>
    private List<OutputChunk> Read()
    {
        using var reader = new OutputReader(Folder.Output);
        var all = new List<OutputChunk>();
        while (reader.Read(OutputLog.MaxDataBytes * 2, new()) is { Count: > 0 } chunks)
        {
            all.AddRange(chunks);
        }

        return all;
    }
}

/// <summary>What a host has left.</summary>
internal sealed record HostResult(ExecutionEnd End, IReadOnlyList<OutputChunk> Output)
{
    public byte[] Stdout => Of(OutputStream.Stdout);

    public byte[] Stderr => Of(OutputStream.Stderr);

    public string Text => System.Text.Encoding.UTF8.GetString(Stdout);

    private byte[] Of(OutputStream stream)
    {
        var offset = 0L;
        foreach (var chunk in Output.Where(c => c.Stream == stream))
        {
            Assert.Equal(offset, chunk.Offset);
            offset += chunk.Data.Length;
        }

        return [.. Output.Where(c => c.Stream == stream).SelectMany(c => c.Data)];
    }
}
