using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;

namespace Operone.Tests.Web.Access;

/// <summary>Four devices of a test's own: prod and dev, web and db; the web ones are connected.</summary>
internal sealed class SightFleet : IAsyncDisposable
{
    private readonly Dictionary<string, FakeAgent> _agents = [];

    private SightFleet(string mark) => Mark = mark;

    /// <summary>What all its names begin with, and the value of its label <c>fleet</c>.</summary>
    public string Mark { get; }

    public FakeAgent this[string name] => _agents[name];

    public static async Task<SightFleet> CreateAsync(OperoneServer server)
    {
        var fleet = new SightFleet($"f{Guid.NewGuid().ToString("N")[..8]}");
        foreach (var (env, role) in new[] { ("prod", "web"), ("prod", "db"), ("dev", "web"), ("dev", "db") })
        {
            var agent = await server.EnrollAsync($"{fleet.Mark}-{env}-{role}", fleet.Labels(env, role));
            fleet._agents[$"{env}-{role}"] = agent;
            if (role == "web")
            {
                await agent.ConnectAsync();
            }
        }

        return fleet;
    }

    /// <summary>A selector for those of this test that another selector matches.</summary>
    public string In(string selector) => $"{selector},fleet={Mark}";

    /// <summary>The labels of one of them.</summary>
    public Dictionary<string, string> Labels(string env, string role) => new() { ["env"] = env, ["role"] = role, ["fleet"] = Mark };

    /// <summary>Their whole names, by name.</summary>
    public List<string> Names(params string[] names) => [.. names.Select(n => _agents[n].Name).Order()];

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents.Values)
        {
            await agent.DisposeAsync();
        }
    }
}

/// <summary>What a person may now, without a session: for a service that is called without a door.</summary>
internal sealed class PersonStanding(IServiceProvider services, Guid personId) : Standing(TimeProvider.System)
{
    public override Subject Subject => services.GetRequiredService<AccessDirectory>().Current.OfPerson(personId);
}
