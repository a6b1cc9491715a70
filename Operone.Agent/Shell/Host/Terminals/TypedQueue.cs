using System.Runtime.Versioning;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>What was typed and the program has not taken yet. Its room is given back when it is empty.</summary>
internal sealed unsafe class TypedQueue
{
    private byte[] _bytes = [];
    private int _from;
    private int _to;

    /// <summary>How much waits.</summary>
    public int Length => _to - _from;

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => _from == _to;

    /// <summary>Adds to it.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_to + bytes.Length > _bytes.Length)
        {
            var larger = new byte[Math.Max(256, Math.Max((Length + bytes.Length) * 2, 0))];
            _bytes.AsSpan(_from, Length).CopyTo(larger);
            (_bytes, _from, _to) = (larger, 0, Length);
        }

        bytes.CopyTo(_bytes.AsSpan(_to));
        _to += bytes.Length;
    }

    /// <summary>Writes as much as is taken.</summary>
    public void WriteTo(ILocalEnd end)
    {
        while (_from < _to && end.Write(_bytes.AsSpan(_from, Length), []) is > 0 and var count)
        {
            _from += count;
        }

        GiveBack();
    }

    /// <summary>The same, to a descriptor.</summary>
    [UnsupportedOSPlatform("windows")]
    public void WriteTo(int fd)
    {
        fixed (byte* data = _bytes)
        {
            while (_from < _to)
            {
                var count = (int)Libc.Write(fd, data + _from, (nuint)(_to - _from));
                if (count > 0)
                {
                    _from += count;
                }
                else if (Libc.LastError != Libc.Interrupted)
                {
                    break; // it takes no more for now, or never again: then the end comes by itself
                }
            }
        }

        GiveBack();
    }

    private void GiveBack()
    {
        if (_from == _to)
        {
            (_from, _to) = (0, 0);
            _bytes = _bytes.Length > 64 * 1024 ? [] : _bytes;
        }
    }
}
