using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

[SupportedOSPlatform("linux")]
public sealed class SearchOnSqlite(SqliteFixture f) : SearchTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class SearchOnPostgres(PostgresFixture f) : SearchTests(f), IClassFixture<PostgresFixture>;

/// <summary>Searches over REST, down to real devices.</summary>
[SupportedOSPlatform("linux")]
public abstract class SearchTests(ServerFixture fixture) : FileScene(fixture)
{
    [Fact]
    public async Task Folder_OfADevice_IsSearched()
    {
        Write("a b/needle.txt", "one\nneedle");
        var lines = await SearchAsync(Search(Place), new FileQuery { Text = "needle" });
        Assert.Equal($"{Place}/a%20b/needle.txt", Assert.Single(lines, l => l.Match is not null).Match!.Path);
        var end = lines[^1];
        Assert.Equal((Place, 1L, 1L), (end.Place, end.End!.Matches, end.End.Files));
        Assert.Equal($"{Place}/a%20b/needle.txt", Assert.Single(await SearchAsync(Search(Place), new FileQuery { Name = "*.txt" }), l => l.Match is not null).Match!.Path);
        await Eventually.BecomesAsync<bool>(async () => (await Server.Owner.GetFromJsonAsync<Page<AuditEntryView>>("/api/v1/audit?limit=100", Cancelled))!
            .Items.Any(e => e.Action == "file.search" && e.Target == Place && e.Detail == "text needle"), "an entry in the audit trail");
    }

    [Fact]
    public async Task Devices_ByTarget_AreSearchedAtOnce_AndAnOfflineOneIsAnError()
    {
        var other = $"other-{Guid.NewGuid():N}"[..16];
        using var temp = new Operone.Tests.Agent.Hosting.TempFolder();
        await using var second = await Operone.Tests.Agent.Hosting.AgentUnderTest.EnrolAndRunAsync(Server, temp["s"], other);
        Write("f", "needle");
        var target = new RunTarget([Device, other]);
        var lines = await SearchAsync(new("/api/v1/files:search", UriKind.Relative), new SearchFiles(target, new() { Text = "needle" }, [Folder]));
        Assert.Equal([$"/devices/{Device}{Folder}/f", $"/devices/{other}{Folder}/f"], lines.Where(l => l.Match is not null).Select(l => l.Match!.Path).Order(StringComparer.Ordinal));
        Assert.Equal(2, lines.Count(l => l.End is not null));

        await second.KillAsync();
        await Eventually.BecomesAsync<bool>(async () => (await SearchAsync(new("/api/v1/files:search", UriKind.Relative), new SearchFiles(target, new() { Text = "needle" }, [Folder])))
            .Any(l => l.Error?.Code == "device-offline" && l.Place == $"/devices/{other}{Folder}"), "an error of the device that is gone");
        lines = await SearchAsync(new("/api/v1/files:search", UriKind.Relative), new SearchFiles(target, new() { Text = "needle" }, [$"{Folder}/gone"]));
        Assert.Equal("file-not-found", Assert.Single(lines, l => l.Place.StartsWith($"/devices/{Device}/", StringComparison.Ordinal)).Error!.Code);
    }

    [Fact]
    public async Task WhatPolicyHides_IsNotFound_AndWhatItGivesIs()
    {
        Write("a/seen", "needle");
        Write("a/x.key", "needle");
        Write("b/c/seen", "needle");
        Write("b/not", "needle");
        using var labelled = await Server.Owner.PatchAsJsonAsync($"/api/v1/devices/{Device}", new UpdateDevice(Labels: new Dictionary<string, string> { ["searched"] = Device }), Cancelled);
        using var policy = await Server.Owner.PostAsJsonAsync("/api/v1/file-policies", new WriteFilePolicy(
            $"p-{Device}", $"searched={Device}", null, [new($"{Folder}/a"), new($"{Folder}/b/c"), new($"{Folder}/gone")], ["*.key"]), Cancelled);
        Assert.True(policy.IsSuccessStatusCode, await policy.Content.ReadAsStringAsync(Cancelled));

        var lines = await SearchAsync(Search($"/devices/{Device}"), new FileQuery { Text = "needle" });
        Assert.Equal([$"{Place}/a/seen", $"{Place}/b/c/seen"], lines.Where(l => l.Match is not null).Select(l => l.Match!.Path).Order(StringComparer.Ordinal));
        Assert.Equal((2L, 2L), (lines[^1].End!.Matches, lines[^1].End!.Files));
        Assert.Equal("file-not-found", await RefusedAsync(HttpMethod.Post, Search($"{Place}/b/d"), HttpStatusCode.NotFound, JsonContent.Create(new FileQuery { Text = "needle" })));
    }

    [Fact]
    public async Task Pdf_IsSearched_WhereThatIsAskedFor()
    {
        File.WriteAllBytes(Path.Combine(Folder, "Report.PDF"), PdfTextsTests.Make("nothing", "the needle: <b>"));
        File.WriteAllText(Path.Combine(Folder, "broken.pdf"), "%PDF-1.7\nNEEDLE as it is drawn\n");
        Write("plain.txt", "needle");
        Assert.Single(await SearchAsync(Search(Place), new FileQuery { Text = "needle" }), l => l.Match is not null);
        var lines = await SearchAsync(Search(Place), new FileQuery { Text = "NEEDLE", IgnoreCase = true, Pdf = true });
        var match = Assert.Single(lines, l => l.Match?.Page is not null).Match!;
        Assert.Equal(($"{Place}/Report.PDF", 2, 1L, 5, 6), (match.Path, match.Page, match.Line, match.Column, match.Length));
        Assert.Equal("the needle: <b>", match.Text!.Trim());
        var end = lines[^1].End!;
        Assert.Equal((2L, 1L), (end.Matches, end.Unreadable));
        Assert.Contains("broken.pdf", Assert.Single(end.Problems).Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(await SearchAsync(Search(Place), new FileQuery { Text = "needle", Pdf = true, Name = "*.log" }), l => l.Match is not null);
    }

    [Fact]
    public async Task WithoutPermission_NothingIsFound()
    {
        Write("f", "needle");
        using var reader = await Server.ClientWithAsync(Permissions.DevicesRead);
        Assert.Equal("permission-missing", await RefusedAsync(HttpMethod.Post, Search(Place), HttpStatusCode.Forbidden, JsonContent.Create(new FileQuery { Text = "needle" }), reader));
        Assert.Equal("target-empty", await RefusedAsync(
            HttpMethod.Post, new("/api/v1/files:search", UriKind.Relative), HttpStatusCode.UnprocessableEntity, JsonContent.Create(new SearchFiles(new(All: true), new() { Text = "needle" })), reader));
    }

    [Theory]
    [InlineData("(", true)]
    [InlineData("(?=a)b", true)]
    [InlineData("", false)]
    [InlineData("a\nb", false)]
    public async Task Query_ThatIsNone_IsRefused(string text, bool isRegex) =>
        Assert.Equal("invalid-input", await RefusedAsync(HttpMethod.Post, Search(Place), HttpStatusCode.BadRequest, JsonContent.Create(new FileQuery { Text = text, IsRegex = isRegex })));

    [Fact]
    public async Task Search_WhoseCallerGoes_Ends()
    {
        for (var i = 0; i < 100; i++)
        {
            Write($"f{i}", string.Concat(Enumerable.Repeat(new string('x', 250) + "\n", 500)));
        }

        // more than the device does at once: had they not ended, the last would be refused
        for (var i = 0; i < 3 * FileQueryLimits.AtOnce; i++)
        {
            using var gone = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, Search(Place)) { Content = JsonContent.Create(new FileQuery { Text = "x", MaxMatches = FileQueryLimits.MaxMatches }) };
            using var response = await Server.Owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
            Assert.True(response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.TooManyRequests);
            await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
            await body.ReadExactlyAsync(new byte[100], Cancelled);
        }

        await Eventually.BecomesAsync<bool>(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Search(Place)) { Content = JsonContent.Create(new FileQuery { Text = "nothing" }) };
            using var response = await Server.Owner.SendAsync(request, Cancelled);
            return response.IsSuccessStatusCode;
        }, "a device with nothing to do");
    }

    private static Uri Search(string place) => new($"/api/v1/files{place}:search", UriKind.Relative);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Folder, path))!);
        File.WriteAllText(Path.Combine(Folder, path), text);
    }

    private async Task<List<FileSearchLine>> SearchAsync<T>(Uri at, T body)
    {
        using var response = await SendAsync(HttpMethod.Post, at, HttpStatusCode.OK, JsonContent.Create(body));
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        var text = await response.Content.ReadAsStringAsync(Cancelled);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize(l, OperoneJson.Default.FileSearchLine)!)];
    }
}
