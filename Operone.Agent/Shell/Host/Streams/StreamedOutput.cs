using System.Globalization;
using System.Runtime.Versioning;
using Operone.Agent.Shell.Host.Terminals;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Streams;

/// <summary>
/// A command's standard output that goes over a channel and is not kept. There is one who takes it, and they say at its end
/// that they have all of it: whoever is lost before that has not got it whole, and the execution says so.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class StreamedOutput(CommandPipes pipes, MaskSet? masks, Due patience)
{
    /// <summary>How long something that the command left behind may still be silent, before its output is taken for whole.</summary>
    private static readonly TimeSpan _grace = TimeSpan.FromMilliseconds(250);

    private readonly Masker? _masker = masks is null ? null : new Masker(masks);
    private readonly byte[] _unmasked = masks is null ? [] : new byte[StreamClient.MaxDataBytes];
    private readonly Due _silence = patience.Another();
    private StreamClient? _client;
    private long _offset;
    private bool _sawOutput;
    private bool _isEndTold;
    private bool _isMaskerDone;

    /// <summary>Whether all of it has been handed on.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Why the command must be ended, in words; or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>When something is due.</summary>
    public long NextAt => Math.Min(patience.At, _silence.At);

    /// <summary>Whether the pipe is to be polled: there is somebody with room for more, or the first output is waited for.</summary>
    public bool WantsOutput => _client is null ? !_sawOutput : !_client.HasUnsent && !_isEndTold;

    /// <summary>A client takes it from now on.</summary>
    public void Attach(StreamClient client)
    {
        if (_client is not null || IsDone || Failure is not null)
        {
            client.TellClose(IsDone ? "Its output has been taken." : Failure ?? "Its output is being taken by somebody else.");
            return;
        }

        _client = client;
        patience.Stop();
        client.Tell(new StreamControl { Type = StreamControls.Attached, Offset = 0 });
    }

    /// <summary>Hands on what there is, and the end once there is one.</summary>
    /// <param name="isReady">Whether the pipe has something.</param>
    /// <param name="exit">The command's exit code, once it has ended.</param>
    public void Forward(bool isReady, int? exit)
    {
        if (_client is null)
        {
            if ((isReady || exit is not null) && !_sawOutput && !IsDone)
            {
                _sawOutput = true;
                patience.AtLatestIn(TimeSpan.FromSeconds(StreamLimits.PatienceSeconds));
            }

            return;
        }

        while (!_client.HasUnsent && !_client.IsGone && !_isEndTold)
        {
            var count = Read(_client);
            if (count > 0)
            {
                _silence.Stop();
                continue;
            }

            if (pipes.Stdout >= 0 && exit is not null)
            {
                // something that it left behind holds the pipe
                _silence.AtLatestIn(_grace);
                if (!_silence.IsDue)
                {
                    return;
                }
            }
            else if (pipes.Stdout >= 0 || exit is null)
            {
                return;
            }

            _silence.Stop();
            TellEnd(_client, exit.Value);
        }
    }

    /// <summary>A client wants no more, or has all.</summary>
    public void Closed(StreamClient client)
    {
        if (client != _client || IsDone)
        {
            return;
        }

        IsDone = true;
        patience.Stop();
        _silence.Stop();
        if (!_isEndTold)
        {
            // as a reader in a pipeline that goes: the next write ends the command
            _isEndTold = true;
            pipes.CloseStdout();
            client.Tell(new StreamControl { Type = StreamControls.Ended, Offset = _offset, Text = "Whoever took the output wanted no more." });
            client.TellClose("");
        }
    }

    /// <summary>A client's connection is gone.</summary>
    public void Gone(StreamClient client)
    {
        if (client == _client && !IsDone)
        {
            Failure = string.Create(CultureInfo.InvariantCulture, $"The connection that took its output was lost after {_offset} bytes.");
            patience.Stop();
            _silence.Stop();
        }
    }

    /// <summary>Gives up where nobody comes, or where who came does not say that they have all.</summary>
    public void CheckTime()
    {
        if (patience.IsDue)
        {
            patience.Stop();
            Failure = _client is null
                ? $"Nobody came to take its output within {StreamLimits.PatienceSeconds} seconds."
                : string.Create(CultureInfo.InvariantCulture, $"Whoever took its output did not confirm its end, after {_offset} bytes.");
        }
    }

    private int Read(StreamClient client)
    {
        if (pipes.Stdout < 0)
        {
            if (_masker is null || _isMaskerDone)
            {
                return 0;
            }

            _isMaskerDone = true;
            return Put(client, _masker.Finish(client.Room(_masker.MaxHeldBytes)));
        }

        if (_masker is null)
        {
            return Put(client, pipes.ReadStdout(client.Room(StreamClient.MaxDataBytes)));
        }

        var count = pipes.ReadStdout(_unmasked);
        if (count <= 0)
        {
            return count == 0 ? Read(client) : 0; // at its end what was held back is left
        }

        Put(client, _masker.Take(_unmasked.AsSpan(0, count), client.Room(count + _masker.MaxHeldBytes)));
        return count;
    }

    private int Put(StreamClient client, int count)
    {
        client.Put(count);
        _offset += Math.Max(0, count);
        return Math.Max(0, count);
    }

    private void TellEnd(StreamClient client, int exit)
    {
        if (_masker is not null && !_isMaskerDone)
        {
            _isMaskerDone = true;
            Put(client, _masker.Finish(client.Room(_masker.MaxHeldBytes)));
        }

        _isEndTold = true;
        pipes.CloseStdout();
        patience.In(TimeSpan.FromSeconds(StreamLimits.PatienceSeconds));
        client.Tell(new StreamControl { Type = StreamControls.Ended, Offset = _offset, ExitCode = exit });
        client.TellClose("");
    }
}
