namespace Operone.Agent.Platforms;

/// <summary>The terminal that this program runs in, as somebody types and looks.</summary>
internal interface ILocalTerminal
{
    /// <summary>Whether standard input is a terminal, so that it has a raw mode.</summary>
    bool InputIsTerminal { get; }

    /// <summary>Its columns and rows; null where there is none.</summary>
    (int Columns, int Rows)? Size { get; }

    /// <summary>Waits for standard input and reads it; 0 at its end.</summary>
    int Read(Span<byte> buffer);

    /// <summary>
    /// Makes it raw: every key goes to the program as it is. It is as it was when the result is disposed, when this program is
    /// ended by a signal or by an error, and while it is stopped.
    /// </summary>
    IDisposable BecomeRaw(TerminalSignals signals);

    /// <summary>Stops this program, as Ctrl+Z does, and returns when it goes on. Where there is no such thing, at once.</summary>
    void Suspend();
}

/// <summary>What happens to a terminal from outside.</summary>
/// <param name="OnResize">It has another size.</param>
/// <param name="OnStop">This program is about to be stopped.</param>
/// <param name="OnResume">This program goes on after it was stopped; others may have written over the screen.</param>
/// <param name="OnEnd">This program should end; with the exit code for it.</param>
internal sealed record TerminalSignals(Action OnResize, Action OnStop, Action OnResume, Action<int> OnEnd);
