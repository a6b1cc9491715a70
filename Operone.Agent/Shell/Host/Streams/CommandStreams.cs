using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Shell.Host.Terminals;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Streams;

/// <summary>
/// Standard input and output of one command that go over channels: who comes to the socket in its folder is joined to the
/// pipe. Nothing is kept here, so that a side that does not read makes the other one wait; and nothing that breaks is taken
/// for an end.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed unsafe class CommandStreams : IDisposable
{
    /// <summary>How many descriptors there are to poll at the most.</summary>
    public const int MaxDescriptors = 1 + MaxClients;

    private const int MaxClients = 8;

    private readonly List<StreamClient> _clients = [];
    private readonly int _listener;
    private readonly StreamedInput? _input;
    private readonly StreamedOutput? _output;

    private CommandStreams(string socketPath, CommandPipes pipes, StartExecution request, TimeProvider time)
    {
        _listener = Libc.ListenOn(socketPath, MaxClients);
        _input = request.StreamStdin ? new StreamedInput(pipes, new Due(time)) : null;
        _output = request.StreamStdout ? new StreamedOutput(pipes, MaskSet.Of(request.Masks), new Due(time)) : null;
    }

    /// <summary>Those of a request; null where it streams nothing.</summary>
    public static CommandStreams? Open(string socketPath, CommandPipes pipes, StartExecution request, TimeProvider time) =>
        request.StreamStdin || request.StreamStdout ? new CommandStreams(socketPath, pipes, request, time) : null;

    /// <summary>Whether all output has been handed on, to its end.</summary>
    public bool IsDone => _output?.IsDone != false;

    /// <summary>Why the command must be ended, in words; or null.</summary>
    public string? Failure => _input?.Failure ?? _output?.Failure;

    /// <summary>When something is due, as a timestamp.</summary>
    public long NextAt => Math.Min(_input?.NextAt ?? long.MaxValue, _output?.NextAt ?? long.MaxValue);

    /// <summary>What to poll the pipe to the command's input for; null where it is not streamed.</summary>
    public short? InputEvents => _input is null ? null : _input.IsBlocked ? Libc.PollOut : (short)0;

    /// <summary>Whether to poll the pipe from the command's output; null where it is not streamed.</summary>
    public bool? WantsOutput => _output?.WantsOutput;

    /// <summary>Adds what is to be polled. Gives how many.</summary>
    public int Prepare(Libc.PollFd* fds)
    {
        fds[0] = new() { Fd = _listener, Events = Libc.PollIn };
        for (var i = 0; i < _clients.Count; i++)
        {
            var client = _clients[i];
            var events = (short)((IsHeldBack(client) ? 0 : Libc.PollIn) | (client.HasUnsent ? Libc.PollOut : 0));

            // one that is to be neither read nor written is left out: that it is gone would wake the host again and again
            fds[1 + i] = new() { Fd = events == 0 ? -1 : client.Descriptor, Events = events };
        }

        return 1 + _clients.Count;
    }

    /// <summary>Does what came of the poll.</summary>
    /// <param name="fds">As prepared.</param>
    /// <param name="input">What the poll said of the pipe to the command's input.</param>
    /// <param name="output">The same of the pipe from its output.</param>
    /// <param name="exit">The command's exit code, once it has ended.</param>
    public void Step(Libc.PollFd* fds, short input, short output, int? exit)
    {
        for (var i = _clients.Count - 1; i >= 0; i--)
        {
            var client = _clients[i];
            if ((fds[1 + i].Returned & Libc.PollOut) != 0)
            {
                client.Send();
            }

            if ((fds[1 + i].Returned & ~Libc.PollOut) != 0)
            {
                client.Read();
                Serve(client);
            }
        }

        if (input != 0 && _input is not null)
        {
            _input.PipeIsReady(hasRoom: (input & Libc.PollOut) != 0);
            if (_input.Client is { } feeder)
            {
                Serve(feeder);
            }
        }

        _output?.Forward(isReady: output != 0, exit);
        if (fds[0].Returned != 0)
        {
            Accept();
        }

        _input?.CheckTime();
        _output?.CheckTime();
        LetGo();
    }

    /// <summary>The command has ended: whoever feeds it is told, if they take it within a second.</summary>
    public void Finish(TimeProvider time)
    {
        _input?.CommandEnded();
        var until = time.GetTimestamp() + time.TimestampFrequency;
        while (_clients.Exists(c => c.HasUnsent && !c.IsGone) && time.GetTimestamp() < until)
        {
            Libc.Poll(null, 0, 2);
            _clients.ForEach(c => c.Send());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _clients.ForEach(c => c.Dispose());
        _clients.Clear();
        if (_listener >= 0)
        {
            Libc.Close(_listener);
        }
    }

    private bool IsHeldBack(StreamClient client) => client == _input?.Client && _input.IsBlocked;

    private void Accept()
    {
        var fd = Libc.Accept(_listener, null, null);
        if (fd < 0)
        {
            return;
        }

        Libc.DoNotInherit(fd);
        Libc.DoNotBlock(fd);
        if (_clients.Count == MaxClients)
        {
            Libc.Close(fd);
            return;
        }

        _clients.Add(new StreamClient(fd));
    }

    /// <summary>Carries out what a client has sent, as far as it can be.</summary>
    private void Serve(StreamClient client)
    {
        while (!client.IsGone)
        {
            switch (client.Next(out var data))
            {
                case StreamPiece.None:
                    return;
                case StreamPiece.Control:
                    Take(client, data);
                    break;
                case StreamPiece.Data when client == _input?.Client:
                    if (!_input.Write(client, data))
                    {
                        return;
                    }

                    break;
                case StreamPiece.Data:
                    client.Take(data.Length); // of one who came too late, or of a command that reads no more
                    break;
                case StreamPiece.Close:
                    _input?.Closed(client);
                    _output?.Closed(client);
                    return;
                default:
                    _leaving.Add(client);
                    return;
            }
        }
    }

    private readonly HashSet<StreamClient> _leaving = [];

    private void Take(StreamClient client, ReadOnlySpan<byte> control)
    {
        StreamControl? message;
        try
        {
            message = JsonSerializer.Deserialize(control, OperoneJson.Default.StreamControl);
        }
        catch (JsonException)
        {
            _leaving.Add(client);
            return;
        }

        switch (message?.Type)
        {
            case StreamControls.Stdin when _input is not null:
                if (_input.Attach(client) is { } older)
                {
                    _leaving.Add(older);
                }

                break;
            case StreamControls.Look when _input is not null:
                client.Tell(_input.Where());
                client.TellClose("");
                break;
            case StreamControls.Stdout when _output is not null:
                _output.Attach(client);
                break;
            default:
                client.TellClose("This command's streams do not go over channels.");
                break;
        }
    }

    private void LetGo()
    {
        for (var i = _clients.Count - 1; i >= 0; i--)
        {
            var client = _clients[i];
            if (client.IsGone || _leaving.Remove(client))
            {
                _input?.Gone(client);
                _output?.Gone(client);
                client.Dispose();
                _clients.RemoveAt(i);
            }
        }
    }
}
