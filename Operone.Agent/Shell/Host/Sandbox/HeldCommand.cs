using System.Globalization;
using System.Numerics;
using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Linux;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Sandbox;

/// <summary>Starts a plan. Gives 0, or the error number that says why not.</summary>
internal delegate int StartPlan(CommandPlan plan, out int pid);

/// <summary>
/// What holds a command, from its plan to its end: the user, the sandbox, the limits. It never lets a command run with less than
/// was asked for: what cannot be had is a refusal, and of a limit that is kept in part only, the end says so.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class HeldCommand : IDisposable
{
    private readonly StartExecution _request;
    private readonly SandboxLimits? _limits;
    private readonly List<string> _notices = [];
    private IReadOnlyList<string> _inherited = [];
    private byte[]? _processors;
    private byte[]? _allProcessors;
    private Cgroup? _cgroup;
    private LimitWatch? _watch;
    private int _statusRead = -1;
    private string? _keptFolder;

    private HeldCommand(CommandPlan plan, StartExecution request)
    {
        Plan = plan;
        _request = request;
        _limits = request.Sandbox?.Limits;
    }

    /// <summary>What is to be started.</summary>
    public CommandPlan Plan { get; private set; }

    /// <summary>Whether it is isolated: then asking its outermost process to end kills it all at once.</summary>
    public bool IsIsolated => _request.Sandbox?.Kind == SandboxKind.Isolated;

    /// <summary>When <see cref="Check"/> is due, as a timestamp.</summary>
    public long NextAt => OperatingSystem.IsLinux() && _watch is not null ? _watch.NextAt : long.MaxValue;

    /// <summary>Prepares what the request asks for, or says why it cannot be had.</summary>
    /// <exception cref="IOException">Something of it cannot be made.</exception>
    public static (HeldCommand? Held, string? Refusal) Prepare(CommandPlan plan, StartExecution request, ExecutionFolder folder, TimeProvider time)
    {
        var held = new HeldCommand(plan, request);
        if (request.Sandbox is null)
        {
            return (held, null);
        }

        var refusal = SandboxSupport.Refusal(request.Sandbox) ?? (held.IsIsolated ? Isolation.Missing(plan.User) : null);
        if (refusal is not null)
        {
            return (null, refusal);
        }

        try
        {
            refusal = OperatingSystem.IsLinux() ? held.Prepare(request.Sandbox, folder, time) : null;
            held.Plan = held.IsIsolated ? held.Plan : UserDrop.Wrap(held.Plan, plan.User);
            held.Plan = held.WithInherited(held.Plan);
        }
        catch
        {
            held.Dispose();
            throw;
        }

        if (refusal is null)
        {
            return (held, null);
        }

        held.Dispose();
        return (null, refusal);
    }

    /// <summary>Starts it, on the thread that lives as long as it: what the command inherits is set for that moment.</summary>
    /// <param name="tree">All that descends from this process; null where nothing is to be watched.</param>
    /// <param name="start">Starts a plan.</param>
    /// <param name="pid">The process, where it could be started.</param>
    /// <returns>0, or the error number that says why not.</returns>
    public int Start(IProcessTree? tree, StartPlan start, out int pid)
    {
        pid = 0;
        Enter();
        try
        {
            return start(Plan, out pid);
        }
        finally
        {
            Leave(pid, tree);
        }
    }

    private void Enter()
    {
        if (OperatingSystem.IsLinux())
        {
            _cgroup?.Enter();
            if (_processors is not null)
            {
                LinuxCalls.Use(_processors);
            }
        }
    }

    private void Leave(int pid, IProcessTree? tree)
    {
        if (OperatingSystem.IsLinux())
        {
            _cgroup?.Leave();
            if (_allProcessors is not null)
            {
                LinuxCalls.Use(_allProcessors);
            }

            _watch?.Start(tree is null ? 0 : pid, tree!);
        }

        foreach (var descriptor in Plan.Descriptors.Where(d => d >= 0))
        {
            Libc.Close(descriptor);
        }

        Plan = Plan with { Descriptors = [] };
    }

    /// <summary>Looks at what is watched. Gives the limit that was exceeded, as a reason; or null.</summary>
    public string? Check() => OperatingSystem.IsLinux() ? _watch?.Check() : null;

    /// <summary>The limit that the kernel saw exceeded, as a reason; or null.</summary>
    public string? Breach() => OperatingSystem.IsLinux() ? _cgroup?.Breach(_limits!) : null;

    /// <summary>Why the sandbox was not set up, where its first process ended by itself before the command began; else null.</summary>
    /// <param name="status">How it ended, as a wait status.</param>
    /// <param name="folder">Where its output is kept; null for nowhere.</param>
    public string? Failure(int? status, ExecutionFolder? folder) =>
        status is { } exit && (exit & 0x7f) == 0 ? Failure(() => folder is null ? "it printed why" : ReadErrors(folder)) : null;

    /// <summary>The same for one that ended by itself.</summary>
    public string? Failure(Func<string> readErrors)
    {
        if (_statusRead < 0)
        {
            return null;
        }

        // the exit code is told once the command has begun, and by bubblewrap alone
        var text = new StringBuilder();
        var buffer = stackalloc byte[1024];
        for (int count; (count = (int)Libc.Read(_statusRead, buffer, 1024)) > 0;)
        {
            text.Append(Encoding.UTF8.GetString(buffer, count));
        }

        return text.ToString().Contains("\"exit-code\"", StringComparison.Ordinal) ? null : Isolation.Explain(Words(readErrors()));
    }

    /// <summary>What people should know of how it was held, as sentences; empty where it was all as asked for.</summary>
    public string Notices => _notices.Count == 0 ? "" : " " + string.Join(' ', _notices);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_statusRead >= 0)
        {
            Libc.Close(_statusRead);
            _statusRead = -1;
        }

        foreach (var descriptor in Plan.Descriptors.Where(d => d >= 0))
        {
            Libc.Close(descriptor);
        }

        Plan = Plan with { Descriptors = [] };
        if (OperatingSystem.IsLinux())
        {
            _cgroup?.Dispose();
        }

        if (_request.Script is not null && Plan.User is not null && UserDrop.IsNeeded(Plan.User))
        {
            UserDrop.DeleteScript(UserDrop.ScriptFile(_request.ExecutionId));
        }
    }

    [SupportedOSPlatform("linux")]
    private string? Prepare(SandboxSpec spec, ExecutionFolder folder, TimeProvider time)
    {
        var limits = spec.Limits;
        if (limits is { CpuCores: not null } or { MemoryBytes: not null } or { Processes: not null })
        {
            _cgroup = Cgroup.TryMake(_request.ExecutionId, limits);
        }

        if (_cgroup is null && limits?.CpuCores is { } cores)
        {
            Pin(cores);
        }

        _keptFolder = IsIsolated && spec.KeepWork ? KeptFolder.Make(folder, Isolation.Owner(Plan.User, _request.ExecutionId), _request.ExecutionId, _request.Supervision is not null) : null;
        if (_keptFolder is not null)
        {
            _notices.Add($"Its work folder is kept on the device: {_keptFolder}.");
        }

        var watched = new SandboxLimits(
            MemoryBytes: _cgroup is null ? limits?.MemoryBytes : null, Processes: _cgroup is null ? limits?.Processes : null,
            DiskBytes: _keptFolder is null ? null : limits?.DiskBytes);
        if (watched != new SandboxLimits())
        {
            _watch = new LimitWatch(watched, IsIsolated, _keptFolder, time);
        }

        var inherited = new List<string>();
        if (limits?.FileBytes is { } bytes)
        {
            inherited.Add(string.Create(CultureInfo.InvariantCulture, $"--fsize={bytes}"));
        }

        if (IsIsolated && limits?.Processes is { } processes)
        {
            // in there each user namespace counts its own: bubblewrap's first process, and the command with all that it starts
            inherited.Add(string.Create(CultureInfo.InvariantCulture, $"--nproc={processes + 1}"));
        }

        if (inherited.Count > 0 && SystemTools.Prlimit is null)
        {
            return "Files and processes cannot be limited on this device: there is no prlimit. To get it: apt-get install util-linux.";
        }

        string[] limited = inherited.Count > 0 ? [SystemTools.Prlimit!, .. inherited, "--"] : [];
        _inherited = IsIsolated ? [] : limited;
        if (IsIsolated)
        {
            var (read, write) = Libc.MakePipe();
            Libc.DoNotBlock(read);
            _statusRead = read;
            Plan = Isolation.Wrap(Plan, spec, _request, folder, limited, _processors is not null, _keptFolder, LinuxCalls.Move(write));
        }

        return null;
    }

    private CommandPlan WithInherited(CommandPlan plan) => _inherited.Count == 0 ? plan
        : plan with { Program = _inherited[0], Arguments = [.. _inherited, .. plan.Words] };

    /// <summary>Without cgroups, whole processors can be given; what is left over is said.</summary>
    [SupportedOSPlatform("linux")]
    private void Pin(double cores)
    {
        var all = LinuxCalls.Processors();
        var count = all.Sum(b => BitOperations.PopCount(b));
        var wanted = (int)Math.Ceiling(cores);
        if (count == 0 || wanted > count || (wanted == count && cores == wanted))
        {
            return;
        }

        var chosen = new byte[all.Length];
        var numbers = Enumerable.Range(0, all.Length * 8).Where(i => (all[i / 8] & (1 << (i % 8))) != 0).ToArray();
        var first = (int)((uint)_request.ExecutionId.GetHashCode() % (uint)count);
        for (var i = 0; i < wanted; i++)
        {
            var number = numbers[(first + i) % count];
            chosen[number / 8] |= (byte)(1 << (number % 8));
        }

        (_processors, _allProcessors) = (chosen, all);
        if (cores != wanted || !IsIsolated)
        {
            _notices.Add(string.Create(CultureInfo.InvariantCulture,
                $"Without cgroup v2 its processor time was not limited to {cores}: it was given {wanted} of {count} processors{(IsIsolated ? "" : ", which it could change")}."));
        }
    }

    private static string ReadErrors(ExecutionFolder folder)
    {
        using var reader = new OutputReader(folder.Output);
        return string.Concat(reader.Read(OutputLog.MaxDataBytes, new()).Where(c => c.Stream == OutputStream.Stderr).Select(c => Encoding.UTF8.GetString(c.Data)));
    }

    private static string Words(string errors)
    {
        var line = errors.Trim().Split('\n')[^1];
        return line.Length == 0 ? "it said nothing" : line.Length > 300 ? line[..300] : line.StartsWith("bwrap: ", StringComparison.Ordinal) ? line[7..] : line;
    }
}
