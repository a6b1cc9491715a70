using System.Collections.Concurrent;
using Operone.Core.Shell;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Shell.Terminals;

/// <summary>Who is at which terminal: on this node with their connection, on others by what those tell.</summary>
internal sealed class TerminalPeople
{
    private readonly INodeBus _bus;
    private readonly ConcurrentDictionary<Guid, TerminalAttachment[]> _all = new();
    private readonly ConcurrentDictionary<(Guid TerminalId, Guid Node), IReadOnlyList<TerminalViewer>> _elsewhere = new();

    public TerminalPeople(INodeBus bus)
    {
        _bus = bus;
        bus.On<People>("terminal-people", Take);
        bus.On<Typing>("terminal-typing", (_, typing) => AllowHere(typing.TerminalId, typing.AttachmentId, typing.MayType));
        bus.Asked += () =>
        {
            foreach (var terminal in _all.Keys)
            {
                Tell(terminal);
            }
        };
        bus.Left += node =>
        {
            foreach (var (terminal, where) in _elsewhere.Keys.Where(k => k.Node == node))
            {
                Take(where, new(terminal, []));
            }
        };
    }

    /// <summary>Who is at a terminal, for anybody.</summary>
    public IReadOnlyList<TerminalViewer> In(Guid terminalId) => In(terminalId, null);

    /// <summary>Who is at a terminal, for one of them.</summary>
    public IReadOnlyList<TerminalViewer> In(Guid terminalId, TerminalAttachment? reader)
    {
        var here = Of(terminalId).Select(a => a.View(reader));
        return _elsewhere.IsEmpty
            ? [.. here]
            : [.. here.Concat(_elsewhere.Where(e => e.Key.TerminalId == terminalId).SelectMany(e => e.Value)).OrderBy(v => v.Since)];
    }

    /// <summary>Who is at a terminal on this node, in the order in which they came.</summary>
    public IReadOnlyList<TerminalAttachment> Of(Guid terminalId) => _all.GetValueOrDefault(terminalId) ?? [];

    /// <summary>Somebody comes; everybody is told.</summary>
    public void Add(TerminalAttachment attachment)
    {
        _all.AddOrUpdate(attachment.TerminalId, [attachment], (_, others) => [.. others, attachment]);
        Announce(attachment.TerminalId);
    }

    /// <summary>Somebody leaves; everybody is told.</summary>
    public void Remove(TerminalAttachment attachment)
    {
        var left = _all.AddOrUpdate(attachment.TerminalId, [], (_, all) => [.. all.Where(a => a != attachment)]);
        if (left.Length == 0)
        {
            _all.TryRemove(new(attachment.TerminalId, left));
        }

        Announce(attachment.TerminalId);
    }

    /// <summary>Tells everybody at a terminal who is in, each in their own time.</summary>
    public void Announce(Guid terminalId)
    {
        AnnounceHere(terminalId);
        Tell(terminalId);
    }

    /// <summary>Lets a guest type or not, or all of them, wherever they are connected.</summary>
    public void Allow(Guid terminalId, Guid? attachmentId, bool mayType)
    {
        AllowHere(terminalId, attachmentId, mayType);
        _bus.Tell("terminal-typing", new Typing(terminalId, attachmentId, mayType));
    }

    private void AllowHere(Guid terminalId, Guid? attachmentId, bool mayType)
    {
        foreach (var guest in Of(terminalId).Where(a => attachmentId is { } one ? a.Id == one : !a.IsOwner))
        {
            guest.SetMayType(mayType);
        }
    }

    private void AnnounceHere(Guid terminalId)
    {
        foreach (var attachment in Of(terminalId))
        {
            attachment.Announce();
        }
    }

    private void Tell(Guid terminalId)
    {
        if (!_bus.IsAlone)
        {
            _bus.Tell("terminal-people", new People(terminalId, [.. Of(terminalId).Select(a => a.View(null))]));
        }
    }

    private void Take(Guid node, People people)
    {
        if (people.All.Count > 0)
        {
            _elsewhere[(people.TerminalId, node)] = people.All;
        }
        else
        {
            _elsewhere.TryRemove((people.TerminalId, node), out _);
        }

        AnnounceHere(people.TerminalId);
    }

    private sealed record People(Guid TerminalId, IReadOnlyList<TerminalViewer> All);

    private sealed record Typing(Guid TerminalId, Guid? AttachmentId, bool MayType);
}
