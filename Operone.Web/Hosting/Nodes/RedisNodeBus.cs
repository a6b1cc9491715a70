using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Operone.Web.Hosting.Nodes;

/// <summary>
/// The bus through Redis' publish and subscribe. A node says every two seconds that it is there; one that is silent for ten has gone.
/// While Redis is away the nodes know nothing of each other, and each goes on with the devices that it has.
/// </summary>
internal sealed partial class RedisNodeBus(IOptions<NodeOptions> options, TimeProvider time, ILogger<RedisNodeBus> logger) : BackgroundService, INodeBus
{
    private const string AliveTopic = "alive";
    private const string LeavingTopic = "leaving";
    private const string CounterKey = "operone:nodes:counter";

    private static readonly RedisChannel Channel = RedisChannel.Literal("operone:nodes");

    private readonly NodeDirectory _directory = new(time);
    private readonly ConcurrentDictionary<string, Action<Guid, JsonElement>> _takes = new(StringComparer.Ordinal);
    private ConnectionMultiplexer? _redis;
    private volatile bool _isLeaving;
    private long _last;

    public Guid Id { get; } = Guid.NewGuid();

    public bool IsAlone => false;

    public event Action? Asked;

    public event Action<Guid>? Left;

    public Uri? AddressOf(Guid node) => _directory.AddressOf(node);

    public void On<T>(string topic, Action<Guid, T> take)
    {
        if (!_takes.TryAdd(topic, (node, news) => take(node, news.Deserialize<T>(JsonSerializerOptions.Web)!)))
        {
            throw new InvalidOperationException($"Somebody takes '{topic}' already.");
        }
    }

    public void Tell<T>(string topic, T news)
    {
        // nothing comes behind the word that this node goes: it would be there again
        if (!_isLeaving && _redis is { IsConnected: true } redis)
        {
            // what does not arrive is told again once the connection is back
            var message = new Message<T>(Id, options.Value.AddressUri, topic, news);
            redis.GetSubscriber().Publish(Channel, JsonSerializer.SerializeToUtf8Bytes(message, JsonSerializerOptions.Web), CommandFlags.FireAndForget);
        }
    }

    public async ValueTask<long> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_redis is { IsConnected: true } redis)
            {
                var number = await redis.GetDatabase().StringIncrementAsync(CounterKey).WaitAsync(cancellationToken);
                if (Volatile.Read(ref _last) is var last && number <= last)
                {
                    // a Redis that has begun anew
                    number = await redis.GetDatabase().StringIncrementAsync(CounterKey, last - number + 1).WaitAsync(cancellationToken);
                }

                Note(number);
                return number;
            }
        }
        catch (Exception away) when (away is RedisException or TimeoutException)
        {
            Log.Away(logger, away.Message);
        }

        return Interlocked.Increment(ref _last);
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var connection = ConfigurationOptions.Parse(options.Value.Redis!);
        connection.AbortOnConnectFail = false;
        connection.ClientName ??= "operone";
        var redis = await ConnectionMultiplexer.ConnectAsync(connection);
        redis.ConnectionRestored += (_, e) =>
        {
            if (e.ConnectionType == ConnectionType.Subscription)
            {
                Log.Back(logger);
                Ask();
            }
        };
        redis.ConnectionFailed += (_, e) => Log.Away(logger, e.Exception?.Message ?? e.FailureType.ToString());
        (await redis.GetSubscriber().SubscribeAsync(Channel)).OnMessage(message => Take(message.Message));
        _redis = redis;
        Ask();
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        Tell(LeavingTopic, Id);
        _isLeaving = true;
        await base.StopAsync(cancellationToken);
        if (_redis is { } redis)
        {
            _redis = null;
            await redis.CloseAsync();
            await redis.DisposeAsync();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(NodeDirectory.Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Tell(AliveTopic, new Alive(false));
                foreach (var node in _directory.Silent())
                {
                    Log.Silent(logger, node);
                    Left?.Invoke(node);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>Says that this node is there, asks what the others have, and tells what it has.</summary>
    private void Ask()
    {
        Tell(AliveTopic, new Alive(true));
        Asked?.Invoke();
    }

    private void Take(RedisValue text)
    {
        try
        {
            var message = JsonSerializer.Deserialize<Message<JsonElement>>(((ReadOnlyMemory<byte>)text).Span, JsonSerializerOptions.Web)!;
            if (message.Node == Id)
            {
                return;
            }

            if (message.Topic == LeavingTopic)
            {
                Gone(message.Node);
                return;
            }

            // Whatever a node tells is known to be that node's, so that it is forgotten with it.
            var isNew = _directory.Heard(message.Node, message.Address);
            var asks = message.Topic == AliveTopic && message.News.Deserialize<Alive>(JsonSerializerOptions.Web)!.Asks;
            if (isNew)
            {
                Log.Joined(logger, message.Node, message.Address);
            }

            if (asks)
            {
                Asked?.Invoke();
            }
            else if (isNew)
            {
                // It does not know that it was not known here, as after a silence, so that it must be asked for what it has.
                Ask();
            }

            if (_takes.TryGetValue(message.Topic, out var take))
            {
                take(message.Node, message.News);
            }
        }
        catch (JsonException problem)
        {
            // a node of another version
            Log.NotUnderstood(logger, problem.Message);
        }
    }

    private void Gone(Guid node)
    {
        if (_directory.Left(node))
        {
            Log.Left(logger, node);
            Left?.Invoke(node);
        }
    }

    public void Note(long number)
    {
        for (var last = Volatile.Read(ref _last); last < number; last = Volatile.Read(ref _last))
        {
            if (Interlocked.CompareExchange(ref _last, number, last) == last)
            {
                break;
            }
        }
    }

    private sealed record Message<T>(Guid Node, Uri Address, string Topic, T News);

    private sealed record Alive(bool Asks);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The node {Node} at {Address} is there")]
        public static partial void Joined(ILogger logger, Guid node, Uri address);

        [LoggerMessage(Level = LogLevel.Information, Message = "The node {Node} has left")]
        public static partial void Left(ILogger logger, Guid node);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The node {Node} has said nothing for ten seconds and counts as gone")]
        public static partial void Silent(ILogger logger, Guid node);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Redis is away, so that this node knows nothing of the others: {Problem}")]
        public static partial void Away(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Information, Message = "Redis is back")]
        public static partial void Back(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Another node's news was not understood; does it run another version? {Problem}")]
        public static partial void NotUnderstood(ILogger logger, string problem);
    }
}
