using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Access.Matrix;

/// <summary>
/// Who is answered what, at every door there is. The doors are read from the running node, so that a new one fails here until
/// the table in <see cref="MatrixRows"/> has its row.
/// </summary>
public sealed class AccessMatrixTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Api_EveryRouteForEverySubject_AnswersAsTheTableSays()
    {
        await using var scene = await MatrixScene.StartAsync(await OperoneServer.StartAsync());
        var rows = MatrixRows.Parse(MatrixRows.Api);
        var doors = Doors(scene.Server).Where(d => d.IsApi).ToArray();
        var wrong = Unmatched(rows.Keys, doors.Select(d => d.Name));
        foreach (var door in doors)
        {
            var actual = new string[MatrixScene.Subjects.Length];
            for (var i = 0; i < actual.Length; i++)
            {
                actual[i] = await AskAsync(scene, scene.Program(MatrixScene.Subjects[i]), door);
            }

            Compare(door.Name, rows, actual, wrong);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task Pages_EveryPageForEverySubject_ShowsAsTheTableSays()
    {
        await using var scene = await MatrixScene.StartAsync(await OperoneServer.StartAsync());
        var rows = MatrixRows.Parse(MatrixRows.Pages);
        var doors = Doors(scene.Server).Where(d => d is { IsApi: false, IsPage: true }).ToArray();
        var wrong = Unmatched(rows.Keys, doors.Select(d => d.Name));
        foreach (var door in doors)
        {
            var actual = new List<string>();
            foreach (var subject in MatrixScene.Subjects)
            {
                actual.Add(scene.Browser(subject) is { } browser ? await LookAsync(scene, browser, door) : "-");
            }

            Compare(door.Name, rows, [.. actual], wrong);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task OtherDoors_HubsAndSuch_AnswerAsTheTableSays()
    {
        await using var scene = await MatrixScene.StartAsync(await OperoneServer.StartAsync());
        var rows = MatrixRows.Parse(MatrixRows.Others);
        var doors = Doors(scene.Server).Where(d => d is { IsApi: false, IsPage: false }).ToArray();
        var wrong = Unmatched(rows.Keys, doors.Select(d => d.Name));
        foreach (var door in doors)
        {
            var actual = new string[MatrixScene.Subjects.Length];
            for (var i = 0; i < actual.Length; i++)
            {
                // Where a browser could come with its session, it does.
                actual[i] = await AskAsync(scene, scene.Browser(MatrixScene.Subjects[i]) ?? scene.Program(MatrixScene.Subjects[i]), door);
            }

            Compare(door.Name, rows, actual, wrong);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static List<string> Unmatched(IEnumerable<string> rows, IEnumerable<string> doors)
    {
        var known = doors.ToHashSet(StringComparer.Ordinal);
        return [.. rows.Where(r => !known.Contains(r)).Select(r => $"'{r}' has a row, and is no door any more.")];
    }

    private static void Compare(string door, Dictionary<string, string[]> rows, string[] actual, List<string> wrong)
    {
        if (!rows.TryGetValue(door, out var expected))
        {
            wrong.Add($"There is no row for:\n{MatrixRows.Write(door, actual)}");
        }
        else if (!expected.SequenceEqual(actual))
        {
            wrong.Add($"Otherwise than the table:\n{MatrixRows.Write(door, expected)}\nis\n{MatrixRows.Write(door, actual)}");
        }
    }

    private static async Task<string> AskAsync(MatrixScene scene, HttpClient client, Door door)
    {
        var address = await scene.AddressAsync(door.Method, door.Route);
        using var request = new HttpRequestMessage(new HttpMethod(door.Method), address + MatrixRows.QueryOf(door.Name));
        if (door.Method is "POST" or "PUT" or "PATCH" or "LOCK" or "PROPPATCH")
        {
            request.Content = new StringContent(MatrixRows.BodyOf(door.Name), Encoding.UTF8, new MediaTypeHeaderValue(MatrixRows.TypeOf(door.Name)));
        }

        if (MatrixRows.HeaderOf(door.Name) is { } header)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(header.Name, header.Value));
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        return answer.StatusCode == HttpStatusCode.Redirect && answer.Headers.Location?.OriginalString.Contains("/sign-in", StringComparison.Ordinal) == true
            ? "in"
            : $"{(int)answer.StatusCode}";
    }

    private static async Task<string> LookAsync(MatrixScene scene, HttpClient browser, Door door)
    {
        var address = await scene.AddressAsync("GET", door.Route);
        using var request = new HttpRequestMessage(HttpMethod.Get, address + MatrixRows.QueryOf(door.Name));
        request.Headers.Accept.ParseAdd("text/html");
        using var answer = await browser.SendAsync(request, Cancelled);
        if (answer.StatusCode == HttpStatusCode.Redirect)
        {
            return answer.Headers.Location!.OriginalString.Contains("/sign-in", StringComparison.Ordinal) ? "in" : "on";
        }

        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        return answer.StatusCode != HttpStatusCode.OK ? $"{(int)answer.StatusCode}"
            : text.Contains("lacks the permission", StringComparison.Ordinal) || text.Contains(">Not allowed<", StringComparison.Ordinal) ? "no"
            : text.Contains("There is no such", StringComparison.Ordinal) ? "gone" : "yes";
    }

    private static IEnumerable<Door> Doors(OperoneServer server) => server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(e => !MatrixRows.IsFile(e))
        .SelectMany(e =>
        {
            var route = RoutePattern.Of(e);
            var isPage = e.Metadata.GetMetadata<Microsoft.AspNetCore.Components.Endpoints.ComponentTypeMetadata>() is not null;
            var methods = isPage ? ["GET"] : e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"];
            // CONNECT begins a WebSocket over HTTP/2 (RFC 8441), and is the same door as GET.
            return methods.Where(m => m != "CONNECT").Select(m => new Door(m, route, IsForPrograms(route.Text), isPage));
        })
        // Without a signature it ends the session that asks: last.
        .DistinctBy(d => d.Name).OrderBy(d => d.Route.Text == "/session/renew").ThenBy(d => d.Route.Text, StringComparer.Ordinal).ThenBy(d => d.Method == "DELETE").ThenBy(d => d.Method, StringComparer.Ordinal);

    // Both are asked by programs, with tokens.
    private static bool IsForPrograms(string route) => route.StartsWith("/api/v1/", StringComparison.Ordinal) || route.StartsWith("/dav/", StringComparison.Ordinal);

    private sealed record Door(string Method, RoutePattern Route, bool IsApi, bool IsPage)
    {
        public string Name => IsPage ? Route.Text : $"{Method} {Route.Text}";
    }
}
