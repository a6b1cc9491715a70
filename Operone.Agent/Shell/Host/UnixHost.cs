using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Linux;
using Operone.Agent.Platforms.Mac;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// A host on Linux and macOS. With a folder it owns that execution and exits. Without, it reads folders from its standard
/// input, one after the other, each when the one before has left nothing behind; this is how an agent keeps one warm.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class UnixHost
{
    private readonly IProcessTree _tree = OperatingSystem.IsMacOS() ? new MacProcessTree() : NewLinuxTree();
    private readonly CommandPlanner _planner;
    private readonly Reaper _reaper;
    private readonly Bells _bells = new();

    private UnixHost()
    {
        Libc.SetSid(); // fails where we lead a session already, which is as good
        _tree.KeepOrphans();
        foreach (var signal in (int[])[Libc.SigHup, Libc.SigInt, Libc.SigTerm, Libc.SigPipe])
        {
            Libc.Ignore(signal); // the end of a terminal, of the agent or of its service is not the end of the command
        }

        Libc.Default(Libc.SigChild);
        Directory.SetCurrentDirectory("/"); // so that no file system is kept from being unmounted
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        _planner = new CommandPlanner(home.Length > 0 ? home : "/", Environment.UserName);
        _reaper = new Reaper();
    }

    /// <summary>Owns the execution in a folder.</summary>
    public static int RunFolder(string folder)
    {
        CloseStandardInput();
        new UnixHost().Own(folder);
        return 0;
    }

    /// <summary>Takes folders from the standard input until it ends.</summary>
    public static int RunWarm()
    {
        var host = new UnixHost();
        if (!HasInput())
        {
            host.WarmUp();
        }

        while (ReadLine() is { Length: > 0 } folder)
        {
            if (!host.Own(folder))
            {
                break;
            }

            Libc.Block(0);
            Libc.TrySend(0, HostProtocol.Ready);
        }

        // what the runtime would do at an ordinary exit has no use here, and takes time from the next command
        Libc.Exit(0);
        return 0;
    }

    /// <summary>Puts nothing in the standard input's place, so that no pipe gets its number.</summary>
    internal static void CloseStandardInput()
    {
        var nothing = Libc.Open("/dev/null", 0);
        Libc.Dup2(nothing, 0);
        if (nothing > 2)
        {
            Libc.Close(nothing);
        }
    }

    private static LinuxProcessTree NewLinuxTree() => OperatingSystem.IsLinux() ? new LinuxProcessTree() : throw new PlatformNotSupportedException();

    /// <summary>Owns one execution. Gives whether this host is as good as new afterwards.</summary>
    private bool Own(string folder)
    {
        using var execution = new HostedExecution(new ExecutionFolder(folder), _planner, _reaper, _tree, _bells, TimeProvider.System);
        return execution.Run();
    }

    private static unsafe bool HasInput()
    {
        var poll = new Libc.PollFd { Fd = 0, Events = Libc.PollIn };
        return Libc.Poll(&poll, 1, 0) > 0;
    }

    /// <summary>Goes once through what costs time only when it is used first, while nobody waits.</summary>
    private void WarmUp()
    {
        var request = new StartExecution { Command = "true", Environment = new Dictionary<string, string> { ["A"] = "1" } };
        var text = JsonSerializer.SerializeToUtf8Bytes(request, OperoneJson.Default.StartExecution);
        _planner.Make(JsonSerializer.Deserialize(text, OperoneJson.Default.StartExecution)!, "/dev/null");
        JsonSerializer.SerializeToUtf8Bytes(new ExecutionEnd(ExecutionStatus.Succeeded, 0, "", TimeProvider.System.GetUtcNow(), 0, 0), OperoneJson.Default.ExecutionEnd);
        StartNote.Parse(new StartNote(TimeProvider.System.GetUtcNow(), 1).ToString());
        using var file = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, text, 0);
    }

    /// <summary>Reads a line byte by byte: what comes after it is for somebody else.</summary>
    private static unsafe string? ReadLine()
    {
        var line = new List<byte>(256);
        while (line.Count < 4096)
        {
            byte next;
            var count = Libc.Read(0, &next, 1);
            if (count < 0 && Libc.LastError == Libc.Interrupted)
            {
                continue;
            }

            if (count <= 0)
            {
                return null;
            }

            if (next == '\n')
            {
                return Encoding.UTF8.GetString([.. line]);
            }

            line.Add(next);
        }

        return null;
    }
}
