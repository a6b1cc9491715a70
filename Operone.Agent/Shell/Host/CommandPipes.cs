using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <summary>The pipes between a host and its command. A descriptor of -1 is one that is closed.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class CommandPipes : IDisposable
{
    private const int EnlargedBytes = 1024 * 1024;

    /// <summary>Room for the largest frame. One for all: a host owns one execution at a time, with one thread.</summary>
    private static readonly byte[] _frame = GC.AllocateUninitializedArray<byte>(OutputLog.HeadBytes + OutputLog.MaxDataBytes, pinned: true);

    private readonly byte[]? _input;
    private int _fed;
    private bool _isEnlarged;
    private bool _isStdoutStreamed;

    private CommandPipes(byte[]? input) => _input = input;

    /// <summary>What the command gets as its standard input.</summary>
    public int ChildStdin { get; private set; } = -1;

    /// <summary>What the command gets as its standard output.</summary>
    public int ChildStdout { get; private set; } = -1;

    /// <summary>What the command gets as its standard error.</summary>
    public int ChildStderr { get; private set; } = -1;

    /// <summary>To be written to, while there is input left.</summary>
    public int Stdin { get; private set; } = -1;

    /// <summary>To be read from.</summary>
    public int Stdout { get; private set; } = -1;

    /// <summary>To be read from.</summary>
    public int Stderr { get; private set; } = -1;

    /// <summary>Whether both outputs have come to their end.</summary>
    public bool AreClosed => Stdout < 0 && Stderr < 0;

    /// <summary>Opens them. As much of the input as a pipe holds is in it at once.</summary>
    public static CommandPipes Open(StartExecution request)
    {
        var input = request.Stdin;
        var pipes = new CommandPipes(input) { _isStdoutStreamed = request.StreamStdout };
        (pipes.Stdout, pipes.ChildStdout) = Libc.MakePipe();
        (pipes.Stderr, pipes.ChildStderr) = Libc.MakePipe();
        Libc.DoNotBlock(pipes.Stdout);
        Libc.DoNotBlock(pipes.Stderr);
        if (request.StreamStdin)
        {
            (pipes.ChildStdin, pipes.Stdin) = Libc.MakePipe();
            Libc.DoNotBlock(pipes.Stdin);
        }
        else if (input is { Length: > 0 })
        {
            (pipes.ChildStdin, pipes.Stdin) = Libc.MakePipe();
            Libc.DoNotBlock(pipes.Stdin);
            pipes.Feed();
        }
        else
        {
            pipes.ChildStdin = Libc.Open("/dev/null", 0);
            Libc.DoNotInherit(pipes.ChildStdin);
        }

        return pipes;
    }

    /// <summary>Closes the command's ends, once it has them.</summary>
    public void CloseChildEnds()
    {
        Libc.Close(ChildStdin);
        Libc.Close(ChildStdout);
        Libc.Close(ChildStderr);
        ChildStdin = ChildStdout = ChildStderr = -1;
    }

    /// <summary>Writes input as far as there is room, and closes at its end, or where nobody reads it.</summary>
    public void Feed()
    {
        fixed (byte* data = _input)
        {
            while (_fed < _input!.Length)
            {
                var count = (int)Libc.Write(Stdin, data + _fed, (nuint)(_input.Length - _fed));
                if (count < 0 && Libc.LastError == Libc.Interrupted)
                {
                    continue;
                }

                if (count < 0 && Libc.LastError == Libc.Again)
                {
                    return;
                }

                if (count < 0)
                {
                    break;
                }

                _fed += count;
            }
        }

        CloseStdin();
    }

    /// <summary>Writes to a streamed input. Gives how much was taken; 0 where nobody reads it any more, -1 where there is no room now.</summary>
    public int Write(ReadOnlySpan<byte> data)
    {
        fixed (byte* from = data)
        {
            while (true)
            {
                var count = (int)Libc.Write(Stdin, from, (nuint)data.Length);
                if (count >= 0 || Libc.LastError != Libc.Interrupted)
                {
                    return count >= 0 ? count : Libc.LastError == Libc.Again ? -1 : 0;
                }
            }
        }
    }

    /// <summary>Reads from a streamed output. Gives 0 at its end, and closes it there; -1 where there is nothing now.</summary>
    public int ReadStdout(Span<byte> to)
    {
        fixed (byte* buffer = to)
        {
            var count = (int)Libc.Read(Stdout, buffer, (nuint)to.Length);
            if (count < 0 && (Libc.LastError == Libc.Again || Libc.LastError == Libc.Interrupted))
            {
                return -1;
            }

            if (count <= 0)
            {
                CloseStdout();
            }

            return Math.Max(0, count);
        }
    }

    /// <summary>The end of the command's input.</summary>
    public void CloseStdin()
    {
        if (Stdin >= 0)
        {
            Libc.Close(Stdin);
            Stdin = -1;
        }
    }

    /// <summary>Nobody reads the command's output any more.</summary>
    public void CloseStdout()
    {
        if (Stdout >= 0)
        {
            Close(Stdout);
        }
    }

    /// <summary>Reads once from a stream into the log. Gives whether there was anything.</summary>
    public bool Read(OutputStream stream, OutputWriter log)
    {
        var fd = stream == OutputStream.Stdout ? Stdout : Stderr;
        if (fd < 0 || (_isStdoutStreamed && stream == OutputStream.Stdout))
        {
            return false;
        }

        var count = ReadInto(fd);
        if (count > 0)
        {
            log.Append(stream, _frame, count);
            if (count >= 64 * 1024 && !_isEnlarged)
            {
                // only for a command that fills its pipe: the system counts what all pipes of a user take
                _isEnlarged = true;
                Libc.EnlargePipe(fd, EnlargedBytes);
            }

            return true;
        }

        if (count == 0)
        {
            Close(fd);
        }

        return false;
    }

    /// <summary>Reads and throws away until nobody holds the other ends.</summary>
    public void Drain()
    {
        var polls = stackalloc Libc.PollFd[2];
        while (!AreClosed)
        {
            polls[0] = new() { Fd = Stdout, Events = Libc.PollIn };
            polls[1] = new() { Fd = Stderr, Events = Libc.PollIn };
            Libc.Poll(polls, 2, -1);
            for (var i = 0; i < 2; i++)
            {
                if (polls[i].Returned != 0 && ReadInto(polls[i].Fd) == 0)
                {
                    Close(polls[i].Fd);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var fd in (int[])[ChildStdin, ChildStdout, ChildStderr, Stdin, Stdout, Stderr])
        {
            if (fd >= 0)
            {
                Libc.Close(fd);
            }
        }

        ChildStdin = ChildStdout = ChildStderr = Stdin = Stdout = Stderr = -1;
    }

    /// <summary>The number of bytes read behind the frame's head; 0 at the end or on an error; -1 where there is nothing now.</summary>
    private static int ReadInto(int fd)
    {
        fixed (byte* frame = _frame)
        {
            var count = (int)Libc.Read(fd, frame + OutputLog.HeadBytes, OutputLog.MaxDataBytes);
            return count >= 0 ? count : Libc.LastError == Libc.Again || Libc.LastError == Libc.Interrupted ? -1 : 0;
        }
    }

    private void Close(int fd)
    {
        Libc.Close(fd);
        Stdout = Stdout == fd ? -1 : Stdout;
        Stderr = Stderr == fd ? -1 : Stderr;
    }
}
