using System.Globalization;
using System.Runtime.Versioning;
using Operone.Agent.Shell.Host.Terminals;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Streams;

/// <summary>
/// A command's standard input that comes over channels, one after the other. Its end is what a client says is its end: a
/// connection that breaks leaves the pipe open, and another one goes on at the offset.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class StreamedInput(CommandPipes pipes, Due patience)
{
    private long _offset;
    private string? _stopped;

    /// <summary>Who feeds it now.</summary>
    public StreamClient? Client { get; private set; }

    /// <summary>Whether the pipe takes no more for now.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Why the command must be ended, in words; or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>When the patience with a broken connection ends.</summary>
    public long NextAt => patience.At;

    /// <summary>How far it is.</summary>
    public StreamControl Where() => new() { Type = StreamControls.Attached, Offset = _offset, Ended = pipes.Stdin < 0, Text = _stopped };

    /// <summary>A client feeds it from now on. Gives the one that did until now.</summary>
    public StreamClient? Attach(StreamClient client)
    {
        if (pipes.Stdin < 0)
        {
            TellEnd(client);
            return null;
        }

        var older = Client;
        Client = client;
        IsBlocked = false;
        patience.Stop();
        client.Tell(Where());
        return older;
    }

    /// <summary>Hands bytes on. False where the pipe takes no more for now.</summary>
    public bool Write(StreamClient client, ReadOnlySpan<byte> data)
    {
        var count = pipes.Write(data);
        switch (count)
        {
            case < 0:
                IsBlocked = true;
                return false;
            case 0:
                Stop("The command stopped reading.");
                return true;
            default:
                client.Take(count);
                _offset += count;
                return true;
        }
    }

    /// <summary>The pipe has room, or nobody reads it any more.</summary>
    public void PipeIsReady(bool hasRoom)
    {
        if (hasRoom)
        {
            IsBlocked = false;
        }
        else
        {
            Stop("The command stopped reading.");
        }
    }

    /// <summary>A client has sent all.</summary>
    public void Closed(StreamClient client)
    {
        if (client != Client)
        {
            return;
        }

        pipes.CloseStdin();
        Client = null;
        TellEnd(client);
    }

    /// <summary>A client's connection is gone.</summary>
    public void Gone(StreamClient client)
    {
        if (client == Client)
        {
            Client = null;
            IsBlocked = false;
            patience.In(TimeSpan.FromSeconds(StreamLimits.PatienceSeconds));
        }
    }

    /// <summary>Gives up on a connection that broke and that nobody took up again.</summary>
    public void CheckTime()
    {
        if (patience.IsDue)
        {
            patience.Stop();
            Failure = string.Create(CultureInfo.InvariantCulture, $"Standard input was cut off after {_offset} bytes.");
        }
    }

    /// <summary>There is no command any more.</summary>
    public void CommandEnded()
    {
        if (pipes.Stdin >= 0)
        {
            Stop(Failure ?? "The command has ended.");
        }
    }

    private void Stop(string why)
    {
        pipes.CloseStdin();
        (_stopped, IsBlocked) = (why, false);
        patience.Stop();
        if (Client is { } client)
        {
            Client = null;
            TellEnd(client);
        }
    }

    private void TellEnd(StreamClient client)
    {
        client.Tell(Where() with { Type = StreamControls.Ended });
        client.TellClose(_stopped ?? "");
    }
}
