using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Operone.Tests.Hosting;
using Operone.Web.Hosting.Nodes;
using Xunit;

namespace Operone.Tests.Web.Hosting.Nodes;

/// <summary>What nodes know of each other.</summary>
public sealed class RedisNodeBusTests : IAsyncLifetime
{
    private readonly List<RedisNodeBus> _nodes = [];
    private RedisServer? _redis;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _redis = RedisServer.IsInstalled ? await RedisServer.StartAsync() : null;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.StopAsync(CancellationToken.None);
            node.Dispose();
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Node_ThatTellsSomethingBeforeItSaysThatItIsThere_IsKnown_AndForgottenWhenItIsSilent()
    {
        // this one's time stands still: it never says by itself that it is there
        var still = await StartAsync(new FakeTimeProvider(), node => node.Asked += () => node.Tell("thing", 1));
        var time = new FakeTimeProvider();
        var left = new TaskCompletionSource<Guid>();
        var other = await StartAsync(time, node => node.Left += left.SetResult);
        await Eventually.BecomesAsync(() => Task.FromResult(other.AddressOf(still.Id) is not null), "the first node is known", 60);
        time.Advance(NodeDirectory.Silence + TimeSpan.FromSeconds(3));
        Assert.Equal(still.Id, await left.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled));
    }

    [Fact]
    public async Task Node_ThatWasSilentForOneAlone_IsAskedForAllThatItHas()
    {
        var asked = 0;
        var loud = await StartAsync(TimeProvider.System, node => node.Asked += () => Interlocked.Increment(ref asked));
        var time = new FakeTimeProvider();
        var left = new TaskCompletionSource<Guid>();
        var other = await StartAsync(time, node => node.Left += id => left.TrySetResult(id));
        await Eventually.BecomesAsync(() => Task.FromResult(other.AddressOf(loud.Id) is not null), "the first node is known", 60);
        time.Advance(NodeDirectory.Silence + TimeSpan.FromSeconds(3));
        await left.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

        var before = Volatile.Read(ref asked);
        await Eventually.BecomesAsync(() => Task.FromResult(Volatile.Read(ref asked) > before && other.AddressOf(loud.Id) is not null), "it is asked again", 60);
    }

    private async Task<RedisNodeBus> StartAsync(TimeProvider time, Action<RedisNodeBus> prepare)
    {
        Assert.SkipWhen(_redis is null, "Redis is not installed (apt-get install redis-server)");
        var address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{1000 + _nodes.Count}");
        var options = new NodeOptions { Redis = _redis.Connection, Address = address };
        var node = new RedisNodeBus(Options.Create(options), time, NullLogger<RedisNodeBus>.Instance);
        prepare(node);
        _nodes.Add(node);
        await node.StartAsync(Cancelled);
        return node;
    }
}
