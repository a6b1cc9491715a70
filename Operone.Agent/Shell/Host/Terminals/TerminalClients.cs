using Operone.Agent.Platforms;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>Everybody at a terminal, and the door at which they come.</summary>
internal sealed class TerminalClients(ILocalDoor door, ITerminal terminal, Scrollback scrollback, TimeProvider time) : IDisposable
{
    /// <summary>The most at once.</summary>
    public const int Max = 64;

    /// <summary>How far behind somebody may be before the program has to wait.</summary>
    private const int PauseBytes = 1024 * 1024;

    /// <summary>How long a program waits for somebody who takes nothing: then it goes on, and they begin afresh when they are back.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan _lastWord = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestLastWord = TimeSpan.FromSeconds(10);

    private readonly List<TerminalClient> _all = [];

    /// <summary>The descriptor of the door, for poll(2).</summary>
    public int Listener => door.Descriptor;

    /// <summary>All of them.</summary>
    public IReadOnlyList<TerminalClient> All => _all;

    /// <summary>Whether nobody is attached.</summary>
    public bool IsEmpty => !_all.Exists(c => c.IsAttached);

    /// <summary>
    /// Whether somebody is behind who still takes what comes, so that the program should wait. Who only watches is not waited for:
    /// one who takes a byte a second would hold up the work of others.
    /// </summary>
    public bool HoldBack => _all.Exists(c => c.IsAttached && c.MayType && scrollback.End - c.Offset > PauseBytes && c.Still < _patience);

    /// <summary>Takes a new one. Gives whether there was one.</summary>
    public bool Accept()
    {
        if (door.Accept() is not { } end)
        {
            return false;
        }

        LetGo(); // who has just left makes room for who comes
        if (_all.Count >= Max)
        {
            end.Dispose();
            return true;
        }

        _all.Add(new TerminalClient(end, terminal, time));
        return true;
    }

    /// <summary>Sends everybody what there is, and lets go of those who are gone.</summary>
    public void Send()
    {
        _all.ForEach(c => c.Send(scrollback));
        LetGo();
    }

    /// <summary>Tells everybody.</summary>
    public void Tell(TerminalControl message)
    {
        foreach (var client in _all.Where(c => c.IsAttached))
        {
            client.Tell(message);
        }
    }

    /// <summary>Tells everybody the terminal's size.</summary>
    public void TellSize() => _all.FindAll(c => c.IsAttached).ForEach(c => c.TellSize());

    /// <summary>Sends the rest and why it is over, to those who still take it: nobody is waited for who took nothing for a second.</summary>
    public void Close(TerminalControl end)
    {
        _all.ForEach(c => c.TellEnd(end));
        var began = time.GetTimestamp();
        Send();
        while (time.GetElapsedTime(began) is var waited && waited < _longestLastWord
            && _all.Exists(c => !c.IsDone(scrollback) && (c.Still < _lastWord || waited < _lastWord)))
        {
            Thread.Sleep(5);
            _all.ForEach(c => c.Read());
            Send();
        }

        _all.ForEach(c => c.TellEndNow());
        Send();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _all.ForEach(c => c.Dispose());
        _all.Clear();
        door.Dispose();
    }

    private void LetGo()
    {
        for (var i = _all.Count - 1; i >= 0; i--)
        {
            if (_all[i].IsGone)
            {
                _all[i].Dispose();
                _all.RemoveAt(i);
            }
        }
    }
}
