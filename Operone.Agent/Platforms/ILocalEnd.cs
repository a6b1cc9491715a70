namespace Operone.Agent.Platforms;

/// <summary>
/// This side of a two-way stream on the device, for a thread that must never wait for the other side: a socket on Unix, a named
/// pipe on Windows.
/// </summary>
internal interface ILocalEnd : IDisposable
{
    /// <summary>What <see cref="Write"/> gives where the other side takes nothing for now, and <see cref="Read"/> where nothing has come.</summary>
    const int NotNow = -1;

    /// <summary>What <see cref="Write"/> gives where there is no other side any more.</summary>
    const int Gone = -2;

    /// <summary>The descriptor, for poll(2); -1 where the system has none.</summary>
    int Descriptor { get; }

    /// <summary>Whether the other side takes something now.</summary>
    bool CanWrite { get; }

    /// <summary>Whether all that was written arrives, even if this side goes away now.</summary>
    bool IsSent { get; }

    /// <summary>Reads what has come: how many bytes, 0 where there is no other side any more, or <see cref="NotNow"/>.</summary>
    int Read(Span<byte> to);

    /// <summary>Writes both, one behind the other: how many bytes were taken, <see cref="NotNow"/> or <see cref="Gone"/>.</summary>
    int Write(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second);
}

/// <summary>Where the other sides of local streams come in.</summary>
internal interface ILocalDoor : IDisposable
{
    /// <summary>The descriptor, for poll(2); -1 where it takes none, or the system has none.</summary>
    int Descriptor { get; }

    /// <summary>Takes one that has come, or gives null.</summary>
    ILocalEnd? Accept();
}
