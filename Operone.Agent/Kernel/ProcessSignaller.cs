using Operone.Agent.Platforms;
using Operone.Core.Errors;
using Operone.Core.Kernel;

namespace Operone.Agent.Kernel;

/// <summary>
/// Sends signals to processes and to trees of them. Each is checked to be the one that is meant at the moment of its signal. Its own agent
/// it does not touch, nor what the system cannot be without.
/// </summary>
internal sealed class ProcessSignaller(Func<IProcesses> open, int agent)
{
    /// <summary>How often what was started meanwhile is looked for. Each time all that is known has been stopped before.</summary>
    private const int MaxRounds = 16;

    /// <summary>Sends it.</summary>
    public Result<ProcessSignalled> Send(ProcessIdentity target, string signal, bool tree)
    {
        if (ProcessSignals.Parse(signal) is not { } parsed)
        {
            return Problem(ProcessProblems.Refused, $"'{signal}' is no signal.");
        }

        using var processes = open();
        var readings = new List<ProcessReading>();
        processes.Read(readings);
        var known = readings.Find(r => r.Identity == target);
        if (known == default)
        {
            return Problem(ProcessProblems.Gone, $"Process {target.Pid} has ended.");
        }

        if (known.IsKernel || target.Pid <= 1)
        {
            return Problem(ProcessProblems.Refused, known.IsKernel ? $"{target.Pid} is a part of the system's kernel." : "That is the first process, without which the system does not go on.");
        }

        var meant = tree ? Tree(readings, [target.Pid]) : [known];
        if (meant.Exists(r => r.Pid == agent))
        {
            return Problem(ProcessProblems.Refused, target.Pid == agent
                ? "That is the agent itself. Stop it with the device's service manager, or remove the device."
                : "The agent itself descends from that process: it would end too, and nobody could tell how it went.");
        }

        var work = new Work(processes, parsed);
        if (tree && processes.CanStop && parsed is ProcessSignals.Kill or "9" or ProcessSignals.Stop)
        {
            work.Hold(meant, readings);
        }

        // a parent first, so that it does not start again what has ended
        foreach (var process in tree ? work.Held ?? meant : meant)
        {
            work.Send(process);
        }

        return work.Signalled.Count > 0 || work.First is not { } problem
            ? new ProcessSignalled(work.Signalled, work.Failed.Count > 0 ? work.Failed : null)
            : Problem(problem.Code, problem.Detail);
    }

    /// <summary>
    /// These and what descends from them, parents first. One that began before its parent is another's child: on Windows a parent's number stays
    /// when the parent ends, and is given again.
    /// </summary>
    private static List<ProcessReading> Tree(List<ProcessReading> readings, IReadOnlyCollection<int> roots)
    {
        var children = readings.Where(r => r.Parent != r.Pid).ToLookup(r => r.Parent);
        var seen = roots.ToHashSet();
        var found = readings.FindAll(r => seen.Contains(r.Pid));
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange(children[found[i].Pid].Where(c => c.Start >= found[i].Start && seen.Add(c.Pid)));
        }

        return found;
    }

    private static Error Problem(string code, string detail) => new(ErrorKind.Conflict, code, "The signal was not sent.", detail);

    private sealed class Work(IProcesses processes, string signal)
    {
        public List<SignalledProcess> Signalled { get; } = [];

        public List<UnsignalledProcess> Failed { get; } = [];

        /// <summary>The first problem.</summary>
        public ProcessProblem? First { get; private set; }

        /// <summary>The tree, once all of it is stopped.</summary>
        public List<ProcessReading>? Held { get; private set; }

        /// <summary>Stops all of a tree, until a look finds nothing in it that was not stopped before: what is stopped starts nothing.</summary>
        public void Hold(List<ProcessReading> meant, List<ProcessReading> readings)
        {
            var held = new Dictionary<int, ProcessReading>();
            for (var round = 0; round < MaxRounds; round++)
            {
                var fresh = meant.FindAll(r => !held.TryGetValue(r.Pid, out var known) || known.Identity != r.Identity);
                if (fresh.Count == 0)
                {
                    break;
                }

                foreach (var process in fresh)
                {
                    held[process.Pid] = process;
                    _ = processes.Signal(process.Identity, ProcessSignals.Stop); // what cannot be stopped says so when it is signalled
                }

                processes.Read(readings);
                var living = readings.Where(r => held.TryGetValue(r.Pid, out var known) && known.Identity == r.Identity).Select(r => r.Pid).ToHashSet();
                meant = Tree(readings, living);
            }

            Held = [.. held.Values];
        }

        public void Send(in ProcessReading process)
        {
            var name = processes.Facts(process)?.Name ?? "";
            var problem = processes.Signal(process.Identity, signal);
            if (problem is null)
            {
                Signalled.Add(new SignalledProcess(process.Pid, name));
                return;
            }

            First ??= problem;
            if (problem.Code != ProcessProblems.Gone)
            {
                Failed.Add(new UnsignalledProcess(process.Pid, name, problem.Detail));
            }
        }
    }
}
