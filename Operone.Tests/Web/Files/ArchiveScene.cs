using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Tests.Hosting;

namespace Operone.Tests.Web.Files;

/// <summary>One archive on a real device, to be looked into.</summary>
[SupportedOSPlatform("linux")]
public abstract class ArchiveScene(ServerFixture fixture) : FileScene(fixture)
{
    /// <summary>The address of something in the archive.</summary>
    protected Uri Inside(string place, string query = "") => At("archive", $"?in={Uri.EscapeDataString(place)}{query}");

    /// <summary>Puts the archive on the device.</summary>
    protected Task WriteAsync(byte[] archive) => File.WriteAllBytesAsync(Path.Combine(Folder, "archive"), archive, Cancelled);

    /// <summary>What a file in it holds.</summary>
    protected async Task<string> ReadAsync(string place)
    {
        using var response = await SendAsync(HttpMethod.Get, Inside(place), HttpStatusCode.OK);
        return await response.Content.ReadAsStringAsync(Cancelled);
    }

    /// <summary>What is in a folder of it, each with its kind.</summary>
    protected async Task<string[]> NamesAsync(string place) => [.. (await ListInsideAsync(place)).Items.Select(i => $"{i.Name} {i.Kind}".ToLowerInvariant())];

    /// <summary>A page of a folder in it.</summary>
    protected async Task<FolderView> ListInsideAsync(string place, string query = "")
    {
        using var response = await SendAsync(HttpMethod.Get, Inside(place, query), HttpStatusCode.OK, headers: ("Accept", "application/json"));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.FolderView, Cancelled))!;
    }
}
