using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

/// <summary>A real agent at the node, and a folder of its own on it.</summary>
[SupportedOSPlatform("linux")]
public abstract class FileScene(ServerFixture fixture) : ServerTests(fixture), IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private AgentUnderTest? _agent;

    /// <summary>The device's name.</summary>
    protected string Device { get; } = $"disk-{Guid.NewGuid():N}"[..16];

    /// <summary>The folder on the device.</summary>
    protected string Folder => _temp["d"];

    /// <summary>The agent's state directory.</summary>
    protected string State => _temp["s"];

    /// <summary>The agent.</summary>
    private protected AgentUnderTest Agent { get => _agent!; set => _agent = value; }

    /// <summary>The folder in the tree.</summary>
    protected string Place => $"/devices/{Device}{Folder}";

    public virtual async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Folder);
        _agent = await AgentUnderTest.EnrolAndRunAsync(Server, State, Device);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _agent!.DisposeAsync();
        _temp.Dispose();
    }

    /// <summary>The address of something in the folder, by its path as it is in an address.</summary>
    protected Uri At(string below, string query = "") => new($"/api/v1/files{Place}/{below}{query}", UriKind.Relative);

    /// <summary>What is known of something in the folder.</summary>
    protected async Task<FileView> StatAsync(string below) =>
        (await Server.Owner.GetFromJsonAsync(At(below, "?view=entry"), OperoneJson.Default.FileView, Cancelled))!;

    /// <summary>A page of the folder, or of one in it.</summary>
    protected async Task<FolderView> ListAsync(string below = "", string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At(below, query));
        request.Headers.Add("Accept", "application/json");
        using var response = await Server.Owner.SendAsync(request, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.FolderView, Cancelled))!;
    }

    /// <summary>Sends a request, and says why where it is not answered as expected.</summary>
    protected async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri at, HttpStatusCode status, HttpContent? content = null, HttpClient? client = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, at) { Content = content };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        var response = await (client ?? Server.Owner).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.True(response.StatusCode == status, $"{method} {at} is {(int)response.StatusCode}: {(response.StatusCode == status ? "" : await response.Content.ReadAsStringAsync(Cancelled))}");
        return response;
    }

    /// <summary>The end of a problem's type, where something is refused so.</summary>
    protected async Task<string> RefusedAsync(HttpMethod method, Uri at, HttpStatusCode status, HttpContent? content = null, HttpClient? client = null, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(method, at, status, content, client, headers);
        return (await OperoneServer.ReadProblemAsync(response)).Type!.Split('/')[^1];
    }
}
