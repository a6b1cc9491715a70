using System.Collections.Concurrent;
using System.IO.Pipes;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Windows;

/// <summary>A named pipe that takes connections, of this user alone.</summary>
[SupportedOSPlatform("windows")]
internal sealed class PipeDoor : ILocalDoor
{
    /// <summary>What a pipe holds that the other side has not taken, a direction.</summary>
    public const int BufferBytes = 64 * 1024;

    private readonly ConcurrentQueue<NamedPipeServerStream> _come = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly string _name;
    private readonly Action _wake;

    /// <summary>Opens it.</summary>
    /// <param name="path">The path of the socket in whose place it is, see <see cref="LocalConnection"/>.</param>
    /// <param name="wake">Called whenever somebody has come, or one of them has news.</param>
    /// <exception cref="IOException">There is such a pipe already.</exception>
    public PipeDoor(string path, Action wake)
    {
        (_name, _wake) = (LocalConnection.PipeName(path), wake);
        _ = ListenAsync(New(PipeOptions.FirstPipeInstance));
    }

    /// <inheritdoc/>
    public int Descriptor => -1;

    /// <inheritdoc/>
    public ILocalEnd? Accept() => _come.TryDequeue(out var pipe) ? new PipeEnd(pipe, pipe, _wake) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        while (_come.TryDequeue(out var pipe))
        {
            pipe.Dispose();
        }
    }

    private NamedPipeServerStream New(PipeOptions options) => new(
        _name, PipeDirection.InOut, NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte,
        PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly | options, BufferBytes, BufferBytes);

    private async Task ListenAsync(NamedPipeServerStream pipe)
    {
        try
        {
            while (true)
            {
                try
                {
                    await pipe.WaitForConnectionAsync(_stop.Token).ConfigureAwait(false);
                }
                catch (IOException)
                {
                    await pipe.DisposeAsync().ConfigureAwait(false); // whoever it was has gone again
                    pipe = New(PipeOptions.None);
                    continue;
                }

                var next = New(PipeOptions.None);
                _come.Enqueue(pipe);
                pipe = next;
                _wake();
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or IOException or UnauthorizedAccessException)
        {
            // the door is closed, or the system has no more pipes to give
            await pipe.DisposeAsync().ConfigureAwait(false);
        }
    }
}
