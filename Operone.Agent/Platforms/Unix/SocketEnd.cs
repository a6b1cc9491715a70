using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Unix;

/// <summary>One side of a stream socket that does not block.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class SocketEnd(int fd) : ILocalEnd
{
    /// <inheritdoc/>
    public int Descriptor => fd;

    /// <inheritdoc/>
    public bool CanWrite
    {
        get
        {
            var writable = new Libc.PollFd { Fd = fd, Events = Libc.PollOut };
            return Libc.Poll(&writable, 1, 0) != 0;
        }
    }

    /// <inheritdoc/>
    public bool IsSent => true;

    private static bool IsForNow => Libc.LastError == Libc.Again || Libc.LastError == Libc.Interrupted;

    /// <inheritdoc/>
    public int Read(Span<byte> to)
    {
        fixed (byte* buffer = to)
        {
            var count = (int)Libc.Read(fd, buffer, (nuint)to.Length);
            return count >= 0 ? count : IsForNow ? ILocalEnd.NotNow : 0;
        }
    }

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        fixed (byte* a = first, b = second)
        {
            var parts = stackalloc nint[4];
            (parts[0], parts[1], parts[2], parts[3]) = ((nint)a, first.Length, (nint)b, second.Length);
            var count = (int)Libc.WriteVector(fd, parts, second.IsEmpty ? 1 : 2);
            return count >= 0 ? count : IsForNow ? ILocalEnd.NotNow : ILocalEnd.Gone;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Libc.Close(fd);
}

/// <summary>A Unix socket that takes connections. Where it cannot be, nobody comes.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class SocketDoor(string path, int backlog) : ILocalDoor
{
    /// <inheritdoc/>
    public int Descriptor { get; } = Libc.ListenOn(path, backlog);

    /// <inheritdoc/>
    public ILocalEnd? Accept()
    {
        var fd = Libc.Accept(Descriptor, null, null);
        if (fd < 0)
        {
            return null;
        }

        Libc.DoNotInherit(fd);
        Libc.DoNotBlock(fd);
        return new SocketEnd(fd);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Descriptor >= 0)
        {
            Libc.Close(Descriptor);
        }
    }
}
