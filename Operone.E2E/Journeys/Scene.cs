using Operone.Core.Devices;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Journeys;

/// <summary>A server with an owner, and real devices.</summary>
internal sealed class Scene : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("operone-journey-").FullName;
    private readonly List<AgentProcess> _agents = [];

    private Scene(IReadOnlyDictionary<string, string>? settings) => Server = new(Path.Combine(_folder, "server"), settings: settings);

    public ServerProcess Server { get; }

    public IReadOnlyList<AgentProcess> Agents => _agents;

    /// <summary>Starts all, and waits until the devices are online.</summary>
    public static Task<Scene> StartAsync(params string[] devices) => StartAsync(null, devices);

    /// <summary>The same, with settings of its own.</summary>
    public static async Task<Scene> StartAsync(IReadOnlyDictionary<string, string>? settings, params string[] devices)
    {
        var cancel = TestContext.Current.CancellationToken;
        var scene = new Scene(settings);
        try
        {
            await scene.Server.StartAsync(cancel);
            var token = devices.Length == 0 ? "" : await scene.Server.Api.CreateEnrollmentTokenAsync(devices.Length, cancel);
            foreach (var device in devices)
            {
                // web-1 gets role=web.
                await scene.AddAsync(scene.Server.Url, token, device, $"role={device.Split('-')[0]}", "env=prod");
            }

            foreach (var device in devices)
            {
                await scene.Server.Api.WaitForStatusAsync(device, DeviceStatus.Online, TimeSpan.FromSeconds(20), cancel);
            }

            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Enrols and starts one more device.</summary>
    public async Task<AgentProcess> AddAsync(string url, string token, string name, params string[] labels)
    {
        var agent = new AgentProcess(Path.Combine(_folder, name));
        _agents.Add(agent);
        await agent.EnrollAsync(url, token, name, TestContext.Current.CancellationToken, labels);
        agent.Start();
        return agent;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
        {
            await agent.DisposeAsync();
        }

        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
