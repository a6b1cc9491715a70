using System.Globalization;
using System.Runtime.Versioning;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting.Nodes;

/// <summary>Two nodes on one PostgreSQL and one Redis, and an agent at each: <c>first</c> at the first, <c>second</c> at the second.</summary>
[SupportedOSPlatform("linux")]
public sealed class NodesFixture : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private string? _missing;
    private RedisServer? _redis;
    private OperoneServer? _first;
    private OperoneServer? _second;
    private readonly List<AgentUnderTest> _agents = [];

    public OperoneServer First => Have(_first);

    public OperoneServer Second => Have(_second);

    internal RedisServer Redis => Have(_redis);

    public async ValueTask InitializeAsync()
    {
        if (!RedisServer.IsInstalled)
        {
            _missing = "Redis is not installed (apt-get install redis-server)";
            return;
        }

        (_missing, var database) = await PostgresServer.CreateDatabaseAsync();
        if (_missing is not null)
        {
            return;
        }

        _redis = await RedisServer.StartAsync();
        _first = await StartNodeAsync(database!);
        _second = await StartNodeAsync(database!);
        _agents.Add(await AgentUnderTest.EnrolAndRunAsync(_first, _temp["a"], "first"));
        _agents.Add(await AgentUnderTest.EnrolAndRunAsync(_second, _temp["b"], "second"));
        await _first.WaitForOnlineAsync("second");
        await _second.WaitForOnlineAsync("first");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
        {
            await agent.DisposeAsync();
        }

        foreach (var node in (IEnumerable<OperoneServer?>)[_first, _second])
        {
            if (node is not null)
            {
                await node.DisposeAsync();
            }
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        _temp.Dispose();
    }

    private async Task<OperoneServer> StartNodeAsync(string database)
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{PostgresServer.FreePort()}");
        return await OperoneServer.StartAsync(
            database, new() { ["ConnectionStrings:Redis"] = _redis!.Connection, ["Operone:Node:Address"] = url }, url: url);
    }

    private T Have<T>(T? part)
        where T : class
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        return part!;
    }
}
