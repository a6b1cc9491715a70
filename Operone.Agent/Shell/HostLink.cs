using System.Buffers.Binary;

namespace Operone.Agent.Shell;

/// <summary>What a host has said last before <see cref="HostLink.ListenAsync"/> came back.</summary>
internal enum HostNews
{
    /// <summary>The connection is gone.</summary>
    Gone,

    /// <summary>There is more.</summary>
    More,

    /// <summary>The end is written.</summary>
    Ended,

    /// <summary>The host takes another folder.</summary>
    Ready,
}

/// <summary>The agent's side of <see cref="HostProtocol"/>.</summary>
internal sealed class HostLink(Stream stream) : IDisposable
{
    private readonly byte[] _buffer = new byte[32];
    private int _next;
    private int _count;

    /// <summary>Whether a cancel was sent: then bytes of it may still be under way, and no folder must follow them.</summary>
    public bool WasCancelled { get; private set; }

    /// <summary>Sends the folder to a host that waits for one. Gives whether it went.</summary>
    public bool TrySendFolder(string path)
    {
        try
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(path + "\n"));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Asks the host to end its process tree.</summary>
    public void Cancel(TimeSpan grace)
    {
        WasCancelled = true;
        Span<byte> message = stackalloc byte[HostProtocol.CancelBytes];
        message[0] = HostProtocol.Cancel;
        BinaryPrimitives.WriteUInt32LittleEndian(message[1..], (uint)Math.Clamp(grace.TotalMilliseconds, 0, uint.MaxValue));
        try
        {
            stream.Write(message);
        }
        catch (IOException)
        {
            // the host has just gone; whoever listens learns it and settles the execution
        }
    }

    /// <summary>Waits for news. Several of the same sort are one.</summary>
    public async ValueTask<HostNews> ListenAsync(CancellationToken cancel)
    {
        var news = HostNews.Gone;
        while (true)
        {
            while (_next < _count)
            {
                var word = _buffer[_next] switch
                {
                    HostProtocol.Ended => HostNews.Ended,
                    HostProtocol.Ready => HostNews.Ready,
                    _ => HostNews.More,
                };
                if (news != HostNews.Gone && word != news)
                {
                    // what is more is told with the end
                    if (news != HostNews.More)
                    {
                        return news;
                    }
                }

                news = word;
                _next++;
            }

            if (news != HostNews.Gone)
            {
                return news;
            }

            try
            {
                (_next, _count) = (0, await stream.ReadAsync(_buffer, cancel));
            }
            catch (IOException)
            {
                _count = 0;
            }

            if (_count == 0)
            {
                return HostNews.Gone;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();
}
