using System.Collections.Concurrent;
using System.Text;
using Operone.Agent.Platforms;

namespace Operone.Tests.Agent.Cli;

/// <summary>A terminal in memory, at which a test types.</summary>
internal sealed class FakeLocalTerminal : ILocalTerminal, IDisposable
{
    private readonly BlockingCollection<byte[]> _keys = [];
    private byte[] _rest = [];

    public bool InputIsTerminal { get; set; } = true;

    public (int Columns, int Rows)? Size { get; set; } = (100, 30);

    public bool IsRaw { get; private set; }

    public int Suspensions { get; private set; }

    public TerminalSignals? Signals { get; private set; }

    public void Type(string keys) => _keys.Add(Encoding.UTF8.GetBytes(keys));

    public void Type(byte[] keys) => _keys.Add(keys);

    public void EndInput() => _keys.CompleteAdding();

    public int Read(Span<byte> buffer)
    {
        if (_rest.Length == 0 && !_keys.TryTake(out _rest!, Timeout.Infinite))
        {
            _rest = [];
            return 0;
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest.AsSpan(0, count).CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public IDisposable BecomeRaw(TerminalSignals signals)
    {
        (Signals, IsRaw) = (signals, InputIsTerminal);
        return new Cooked(this);
    }

    public void Suspend()
    {
        Suspensions++;
        Signals!.OnStop();
        Signals.OnResume();
    }

    public void Dispose() => _keys.CompleteAdding();

    private sealed class Cooked(FakeLocalTerminal terminal) : IDisposable
    {
        public void Dispose() => terminal.IsRaw = false;
    }
}
