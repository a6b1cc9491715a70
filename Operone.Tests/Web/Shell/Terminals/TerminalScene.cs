using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell.Terminals;

/// <summary>A real agent at the node, and terminals on it, which are all ended when the test is over.</summary>
[SupportedOSPlatform("linux")]
public abstract class TerminalScene(ServerFixture fixture) : ServerTests(fixture), IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private AgentUnderTest? _agent;

    /// <summary>The device's name.</summary>
    protected string Device { get; } = $"web-{Guid.NewGuid():N}"[..16];

    /// <summary>The agent's state directory.</summary>
    private protected string State => _temp["s"];

    /// <summary>The agent.</summary>
    private protected AgentUnderTest Agent { get => _agent!; set => _agent = value; }

    public async ValueTask InitializeAsync() => _agent = await AgentUnderTest.EnrolAndRunAsync(Server, State, Device);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        using var all = await Server.Owner.GetAsync(new Uri($"/api/v1/terminals?ended=false&device={Device}", UriKind.Relative), Cancelled);
        foreach (var terminal in (await all.Content.ReadFromJsonAsync(OperoneJson.Default.PageTerminalView, Cancelled))!.Items)
        {
            using var _ = await Server.Owner.PostAsync(new Uri($"/api/v1/terminals/{terminal.Id}/end", UriKind.Relative), null, Cancelled);
            await EndedAsync(terminal.Id);
        }

        await _agent!.DisposeAsync();
        _temp.Dispose();
    }

    private protected async Task<TerminalView> OpenAsync(CreateTerminal? request = null, HttpClient? by = null)
    {
        using var response = await TryOpenAsync(request, by);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.TerminalView, Cancelled))!;
    }

    private protected Task<HttpResponseMessage> TryOpenAsync(CreateTerminal? request = null, HttpClient? by = null) =>
        (by ?? Server.Owner).PostAsJsonAsync("/api/v1/terminals", (request ?? new()) with { Device = Device }, OperoneJson.Default.CreateTerminal, Cancelled);

    private protected async Task<TerminalView> GetAsync(Guid id) =>
        (await Server.Owner.GetFromJsonAsync($"/api/v1/terminals/{id}", OperoneJson.Default.TerminalView, Cancelled))!;

    private protected Task<TerminalView> EndedAsync(Guid id) =>
        EventuallyAsync(async () => await GetAsync(id) is { EndedAt: not null } ended ? ended : null, "the terminal ended", 30);

    protected async Task<string> TokenAsync(params string[] permissions)
    {
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/tokens", new CreateApiToken("test", permissions), Cancelled);
        return (await response.Content.ReadFromJsonAsync<ApiTokenView>(Cancelled))!.Token!;
    }
}
