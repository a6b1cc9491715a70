using System.Net.WebSockets;
using System.Text.Json;
using System.Threading.Channels;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Channels;

namespace Operone.Web.Shell.Terminals;

/// <summary>Somebody at a terminal: their WebSocket joined to the device's, and what the node itself tells both.</summary>
internal sealed class TerminalAttachment(
    Actor actor, Terminal terminal, bool mayType, AgentChannel channel, TerminalPeople people, TimeSpan idle, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private readonly ChannelEnd _agent = new(channel.Socket);
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly CancellationTokenSource _ended = new();
    private volatile bool _mayType = mayType;
    private bool _told = mayType;

    // who is in is told as it is when it is told: news that was not taken swallows the next
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Its own id.</summary>
    public Guid Id { get; } = Guid.CreateVersion7();

    /// <summary>At which terminal.</summary>
    public Guid TerminalId => terminal.Id;

    /// <summary>Who.</summary>
    public Actor Actor => actor;

    /// <summary>Whether they opened the terminal.</summary>
    public bool IsOwner { get; } = TerminalSight.Owns(actor, terminal);

    /// <summary>Whether what they type counts.</summary>
    public bool MayType => _mayType;

    /// <summary>As people are shown it.</summary>
    public TerminalViewer View(TerminalAttachment? reader) => new(Id, actor.Name, IsOwner, _mayType, reader == this, _since);

    /// <summary>There is news of who is in.</summary>
    public void Announce() => _news.Writer.TryWrite(true);

    /// <summary>Ends it: they may not be here any more.</summary>
    public void End()
    {
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // they have left
        }
    }

    /// <summary>Lets them type, or does not any more: from now on. The host and they are told.</summary>
    public void SetMayType(bool mayType)
    {
        if (_mayType != mayType)
        {
            _mayType = mayType;
            people.Announce(terminal.Id);
        }
    }

    /// <summary>Carries everything between both until one of them ends. Gives why.</summary>
    public async Task<string> RunAsync(WebSocket caller, CancellationToken cancellationToken)
    {
        using var end = new ChannelEnd(caller);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ended.Token);
        people.Add(this);
        var telling = TellAsync(end, stop.Token);
        try
        {
            return await new ChannelJoin(_agent, end, idle, time) { FromCaller = Filter, TakesBytes = () => _mayType }.RunAsync(stop.Token);
        }
        finally
        {
            people.Remove(this);
            await stop.CancelAsync();
            await telling;
        }
    }

    public void Dispose()
    {
        channel.Dispose();
        _agent.Dispose();
        _ended.Dispose();
    }

    /// <summary>Of what a client says, size and acknowledgements go on to the host; everything else is the node's to say.</summary>
    private static ReadOnlyMemory<byte>? Filter(ReadOnlyMemory<byte> message)
    {
        try
        {
            // an array that is null would become a message, an empty one
            byte[]? handed = JsonSerializer.Deserialize(message.Span, OperoneJson.Default.TerminalControl) switch
            {
                { Type: TerminalControls.Size, Columns: { } columns, Rows: { } rows } =>
                    Write(new TerminalControl { Type = TerminalControls.Size, Columns = columns, Rows = rows }),
                { Type: TerminalControls.Ack, Offset: { } offset } => Write(new TerminalControl { Type = TerminalControls.Ack, Offset = offset }),
                _ => null,
            };
            return handed is null ? (ReadOnlyMemory<byte>?)null : handed;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Write(TerminalControl message) => JsonSerializer.SerializeToUtf8Bytes(message, OperoneJson.Default.TerminalControl);

    private async Task TellAsync(ChannelEnd end, CancellationToken cancellationToken)
    {
        try
        {
            while (await _news.Reader.ReadAsync(cancellationToken))
            {
                if (_mayType is var now && now != _told)
                {
                    _told = now;
                    var mode = Write(new TerminalControl { Type = TerminalControls.Mode, MayType = now });
                    await TellHostAsync(mode, cancellationToken);
                    await end.SendAsync(mode, WebSocketMessageType.Text, cancellationToken);
                }

                var all = people.In(terminal.Id, this);
                await end.SendAsync(Write(new TerminalControl { Type = TerminalControls.People, MayType = _told, People = all }), WebSocketMessageType.Text, cancellationToken);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            // the connection is gone; the join says why
        }
    }

    /// <summary>Whose channel does not take it within seconds is sent away: what they type is not handed on in any case.</summary>
    private async Task TellHostAsync(byte[] mode, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(_patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await _agent.SendAsync(mode, WebSocketMessageType.Text, stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            End();
        }
    }
}
