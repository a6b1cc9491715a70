using System.Buffers.Binary;

namespace Operone.Agent.Shell.Host;

/// <summary>Puts <see cref="HostProtocol.Cancel"/> messages together, byte by byte as they come.</summary>
internal sealed class CancelReader
{
    private readonly byte[] _message = new byte[HostProtocol.CancelBytes];
    private int _length;

    /// <summary>Takes a byte. Gives the grace of a message that it makes whole, or null.</summary>
    public TimeSpan? Take(byte value)
    {
        if (_length == 0 && value != HostProtocol.Cancel)
        {
            return null;
        }

        _message[_length++] = value;
        if (_length < _message.Length)
        {
            return null;
        }

        _length = 0;
        return TimeSpan.FromMilliseconds(BinaryPrimitives.ReadUInt32LittleEndian(_message.AsSpan(1)));
    }
}
