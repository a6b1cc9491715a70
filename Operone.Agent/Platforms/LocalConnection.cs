using System.IO.Pipes;
using System.Net.Sockets;

namespace Operone.Agent.Platforms;

/// <summary>
/// How processes of one user find each other on this device: by a Unix socket in a folder, on Windows by a named pipe that is
/// called after it.
/// </summary>
internal static class LocalConnection
{
    /// <summary>How long a pipe that is there and busy is waited for, in milliseconds.</summary>
    private const int BusyMilliseconds = 20;

    /// <summary>
    /// The name of the pipe in the place of a socket: the folder's name and the socket's. A folder is called after its
    /// execution's id, so that the name is nobody else's.
    /// </summary>
    public static string PipeName(string path)
    {
        var parts = path.Split('/', '\\');
        return $"operone-{parts[^2]}-{parts[^1]}";
    }

    /// <summary>Connects.</summary>
    /// <exception cref="IOException">Nobody is there.</exception>
    public static Stream Connect(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return Open(path);
        }

        var socket = NewSocket();
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new IOException(problem.Message, problem);
        }
    }

    /// <summary>Connects.</summary>
    /// <exception cref="IOException">Nobody is there.</exception>
    public static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows())
        {
            return Open(path);
        }

        var socket = NewSocket();
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            throw problem is SocketException ? new IOException(problem.Message, problem) : problem;
        }
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static NamedPipeClientStream Open(string path)
    {
        // a pipe whose owner is somebody else is not spoken to
        var pipe = new NamedPipeClientStream(".", PipeName(path), PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        try
        {
            pipe.Connect(BusyMilliseconds);
            return pipe;
        }
        catch (Exception problem) when (problem is TimeoutException or IOException or UnauthorizedAccessException)
        {
            pipe.Dispose();
            throw new IOException(problem.Message, problem);
        }
    }
}
