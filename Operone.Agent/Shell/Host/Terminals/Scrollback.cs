using System.Runtime.InteropServices;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>
/// The last of what a terminal has printed, by offset in all that it ever printed. What falls out at the back goes through a
/// <see cref="ScreenModes"/>, so that it is known in which state a screen was where the rest begins. The memory is the
/// system's, and costs only as much as has been written to.
/// </summary>
internal sealed unsafe class Scrollback : IDisposable
{
    private readonly int _capacity;
    private readonly ScreenModes _modes = new();
    private byte* _memory;

    /// <summary>Makes an empty one.</summary>
    /// <param name="capacity">How many bytes it keeps.</param>
    public Scrollback(int capacity)
    {
        _capacity = capacity;
        _memory = (byte*)NativeMemory.Alloc((nuint)capacity);
    }

    /// <summary>The offset of the oldest byte.</summary>
    public long Start { get; private set; }

    /// <summary>The offset behind the newest byte.</summary>
    public long End { get; private set; }

    /// <summary>Room to write to, behind the newest byte; what was there falls out when <see cref="Advance"/> says how much came.</summary>
    public Span<byte> Room(int atMost)
    {
        var at = (int)(End % _capacity);
        var length = Math.Min(atMost, _capacity - at);
        Evict(Math.Max(Start, End + length - _capacity));
        return new Span<byte>(_memory + at, length);
    }

    /// <summary>This many bytes were written into the <see cref="Room"/>.</summary>
    public void Advance(int count) => End += count;

    /// <summary>Up to this many bytes from an offset on, which must be in it; fewer where it wraps around.</summary>
    public ReadOnlySpan<byte> From(long offset, int atMost)
    {
        var at = (int)(offset % _capacity);
        return new ReadOnlySpan<byte>(_memory + at, (int)Math.Min(Math.Min(End - offset, _capacity - at), atMost));
    }

    /// <summary>
    /// Where to begin for somebody who has a fresh screen: what brings that to the state from which the bytes go on, and their
    /// offset, which is not in the middle of a sequence or a character.
    /// </summary>
    public (long Offset, ScreenModes Modes) Replay()
    {
        var modes = _modes.Clone();
        var offset = Start;
        while (offset < End && (!modes.IsBetween || (offset > 0 && (From(offset, 1)[0] & 0xC0) == 0x80)))
        {
            modes.Feed(From(offset, 1));
            offset++;
        }

        return (offset, modes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }

    private void Evict(long newStart)
    {
        while (Start < newStart)
        {
            var piece = From(Start, (int)Math.Min(newStart - Start, int.MaxValue));
            _modes.Feed(piece);
            Start += piece.Length;
        }
    }
}
