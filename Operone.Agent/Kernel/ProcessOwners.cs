using Operone.Agent.Platforms;
using Operone.Agent.Shell;
using Operone.Core.Kernel;

namespace Operone.Agent.Kernel;

/// <summary>What a process is to Operone.</summary>
/// <param name="Part">What it is; null for nothing.</param>
/// <param name="Execution">The execution that it belongs to.</param>
/// <param name="HoldsSecrets">Whether that execution has been given secrets.</param>
internal readonly record struct ProcessOwnership(ProcessPart? Part, Guid? Execution, bool HoldsSecrets)
{
    /// <summary>Whether its arguments are told to nobody: a secret that a shell has put in place stands there.</summary>
    public bool Withholds => HoldsSecrets && Part is null or ProcessPart.Command;
}

/// <summary>
/// Says which execution a process belongs to: what descends from the process that its host has noted, or from the host itself, which keeps
/// what its command has let go. Used by one thread at a time.
/// </summary>
internal sealed class ProcessOwners(Func<IReadOnlyList<(Guid Id, ExecutionFolder Folder)>> running, IReadOnlyList<string> ownCommand, int agent)
{
    private readonly Dictionary<Guid, Known> _known = [];
    private readonly Dictionary<int, ProcessOwnership> _roots = [];
    private readonly Dictionary<int, ProcessOwnership> _owners = [];
    private readonly List<int> _path = [];

    /// <summary>Looks anew which executions run. To be called once a sample, before <see cref="Of"/>.</summary>
    public void Refresh(IReadOnlyDictionary<int, ProcessReading> processes)
    {
        _roots.Clear();
        _owners.Clear();
        var all = running();
        foreach (var gone in _known.Keys.Except(all.Select(e => e.Id)).ToArray())
        {
            _known.Remove(gone);
        }

        foreach (var (id, folder) in all)
        {
            if (!_known.TryGetValue(id, out var known))
            {
                if (Read(folder) is not { } read)
                {
                    continue;
                }

                _known[id] = known = read;
            }

            if (processes.TryGetValue(known.Command, out var command) && known.Is(command))
            {
                _roots[known.Command] = new(ProcessPart.Command, id, known.HoldsSecrets);
                if (known.Host is null && processes.TryGetValue(command.Parent, out var host) && host.Pid > 1 && host.Pid != agent)
                {
                    known.Host = host.Identity;
                }
            }

            if (known.Host is { } of && processes.TryGetValue(of.Pid, out var owner) && owner.Identity == of)
            {
                _roots[of.Pid] = new(ProcessPart.Host, id, known.HoldsSecrets);
            }
        }
    }

    /// <summary>What a process is.</summary>
    public ProcessOwnership Of(in ProcessReading process, ProcessFacts facts, IReadOnlyDictionary<int, ProcessReading> processes)
    {
        if (process.Pid == agent)
        {
            return new(ProcessPart.Agent, null, false);
        }

        if (_roots.TryGetValue(process.Pid, out var root))
        {
            return root;
        }

        if (_roots.Count > 0 && Inherited(process, processes) is { Part: not null } inherited)
        {
            return inherited;
        }

        return IsHost(facts) ? new(ProcessPart.Host, null, false) : default;
    }

    private ProcessOwnership Inherited(in ProcessReading process, IReadOnlyDictionary<int, ProcessReading> processes)
    {
        _path.Clear();
        var (pid, found) = (process.Pid, default(ProcessOwnership));
        while (true)
        {
            if (_roots.TryGetValue(pid, out var root))
            {
                found = root with { Part = ProcessPart.Command };
                break;
            }

            if (_owners.TryGetValue(pid, out found))
            {
                break;
            }

            _path.Add(pid);
            _owners[pid] = default; // a ring of parents ends here
            if (!processes.TryGetValue(pid, out var at) || at.Parent <= 1 || (processes.TryGetValue(at.Parent, out var above) && above.Start > at.Start))
            {
                break;
            }

            pid = at.Parent;
        }

        foreach (var passed in _path)
        {
            _owners[passed] = found;
        }

        return found;
    }

    /// <summary>A host that waits: this program, called as the agent calls it.</summary>
    private bool IsHost(ProcessFacts facts) =>
        facts.Arguments is { } arguments
        && arguments.Count > ownCommand.Count
        && arguments[ownCommand.Count] == "host"
        && arguments.Take(ownCommand.Count).SequenceEqual(ownCommand, StringComparer.Ordinal);

    private static Known? Read(ExecutionFolder folder)
    {
        try
        {
            // a request that holds secrets is taken away by its host before the command starts
            return folder.ReadStarted() is { } note ? new Known(note.Pid, note.StartedAt, !File.Exists(folder.Request)) : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed record Known(int Command, DateTimeOffset StartedAt, bool HoldsSecrets)
    {
        private ProcessIdentity? _command;

        public ProcessIdentity? Host { get; set; }

        /// <summary>The first that has the number is the command: its host has not asked how it ended as long as the execution runs.</summary>
        public bool Is(in ProcessReading process)
        {
            _command ??= process.Identity;
            return _command == process.Identity;
        }
    }
}
