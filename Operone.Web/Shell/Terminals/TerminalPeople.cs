using System.Collections.Concurrent;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Terminals;

/// <summary>Who is at which terminal on this node.</summary>
internal sealed class TerminalPeople
{
    private readonly ConcurrentDictionary<Guid, TerminalAttachment[]> _all = new();

    /// <summary>Who is at a terminal, for anybody.</summary>
    public IReadOnlyList<TerminalViewer> In(Guid terminalId) => [.. Of(terminalId).Select(a => a.View(null))];

    /// <summary>Who is at a terminal, in the order in which they came.</summary>
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
        foreach (var attachment in Of(terminalId))
        {
            attachment.Announce();
        }
    }
}
