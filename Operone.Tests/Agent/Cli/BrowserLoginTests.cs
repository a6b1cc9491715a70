using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Operone.Core.Access;
using Operone.Core.Connection;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary>Signing in through a browser, as the client of RFC 8628 sees servers of all sorts.</summary>
public sealed class BrowserLoginTests
{
    private const string SessionToken = "opr_session";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Login_Approved_ShowsTheCodeAndSavesTheToken()
    {
        await using var api = await FakeApi.StartAsync();
        var polls = Answer(api, DeviceFlow.AuthorizationPending, DeviceFlow.SlowDown, DeviceFlow.AuthorizationPending, null);
        using var terminal = new FakeTerminal { Time = new HurriedTime() };

        Assert.Equal(0, await terminal.RunAsync("login", "--server", api.Url));
        Assert.Contains("BCDF-GHJK", terminal.Error, StringComparison.Ordinal);
        Assert.Contains($"{api.Url}/device?user_code=BCDF-GHJK", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(4, polls.Count);
        Assert.All(polls, p => Assert.Equal("device-secret", p));
        var saved = await File.ReadAllTextAsync(Path.Combine(terminal.ConfigurationFolder, "operone", "credentials.json"), Cancelled);
        Assert.Contains(SessionToken, saved, StringComparison.Ordinal);
        Assert.DoesNotContain(SessionToken, terminal.Output + terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("device-secret", terminal.Output + terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DeviceFlow.AccessDenied, "was refused")]
    [InlineData(DeviceFlow.ExpiredToken, "in time")]
    [InlineData(DeviceFlow.InvalidGrant, "in time")]
    [InlineData("invalid_client", "refused")]
    public async Task Login_NotApproved_SavesNothingAndSaysWhy(string error, string said)
    {
        await using var api = await FakeApi.StartAsync();
        Answer(api, DeviceFlow.AuthorizationPending, error);
        using var terminal = new FakeTerminal { Time = new HurriedTime() };
        Assert.Equal(2, await terminal.RunAsync("login", "--server", api.Url));
        Assert.Contains(said, terminal.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(terminal.ConfigurationFolder));
    }

    [Fact]
    public async Task Login_ServerAwayForAMoment_GoesOnAsking()
    {
        await using var api = await FakeApi.StartAsync();
        Answer(api, "503", "503", null);
        using var terminal = new FakeTerminal { Time = new HurriedTime() };
        Assert.Equal(0, await terminal.RunAsync("login", "--server", api.Url));
    }

    [Fact]
    public async Task Login_InterruptedWhileItWaits_EndsAndSavesNothing()
    {
        await using var api = await FakeApi.StartAsync();
        Answer(api, DeviceFlow.AuthorizationPending);
        using var terminal = new FakeTerminal();
        var login = terminal.RunAsync("login", "--server", api.Url);
        await terminal.SaidAsync("Ctrl+C", Cancelled);
        terminal.PressControlC();
        Assert.Equal(130, await login);
        Assert.Contains("nothing was saved", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(terminal.ConfigurationFolder));
    }

    [Fact]
    public async Task Login_ServerWithoutTheFlow_SaysWhatToDo()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnAny = context =>
        {
            context.Response.StatusCode = 404;
            return Task.FromResult(true);
        };
        using var terminal = new FakeTerminal();
        Assert.Equal(2, await terminal.RunAsync("login", "--server", api.Url));
        Assert.Contains("operone login --token", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_TokenThatWasCutOff_IsRefusedWithoutAsking()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = new FakeTerminal { Secret = TokenText.Create()[..^1] };
        Assert.Equal(2, await terminal.RunAsync("login", "--token", "--server", api.Url));
        Assert.Contains("not whole", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(api.Requests);
    }

    [Fact]
    public async Task Logout_OfASession_GivesItsTokenBack()
    {
        await using var api = await FakeApi.StartAsync();
        Answer(api, (string?)null);
        using var terminal = new FakeTerminal { Time = new HurriedTime() };
        await terminal.RunAsync("login", "--server", api.Url);
        Assert.Equal(0, await terminal.RunAsync("logout"));
        Assert.Contains("POST /oauth/revoke", api.Requests);
    }

    [Fact]
    public async Task Logout_ServerAway_ForgetsAllTheSameAndWarns()
    {
        using var terminal = new FakeTerminal { Time = new HurriedTime() };
        await using (var api = await FakeApi.StartAsync())
        {
            Answer(api, (string?)null);
            await terminal.RunAsync("login", "--server", api.Url);
        }

        Assert.Equal(0, await terminal.RunAsync("logout"));
        Assert.Contains("warning: the token could not be revoked", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, await terminal.RunAsync("devices"));
    }

    [Fact]
    public async Task Logout_OfATokenForPrograms_LeavesItUnlessTold()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = new FakeTerminal { Secret = FakeApi.Token };
        await terminal.RunAsync("login", "--token", "--server", api.Url);
        Assert.Equal(0, await terminal.RunAsync("logout"));
        Assert.DoesNotContain("POST /oauth/revoke", api.Requests);
        Assert.Contains("stays good", terminal.Error, StringComparison.Ordinal);
    }

    // Each answer to a poll, in turn: an error's word, a status, or null for the token.
    private static List<string> Answer(FakeApi api, params string?[] answers)
    {
        var polls = new List<string>();
        api.OnAny = async context =>
        {
            switch (context.Request.Path)
            {
                case DeviceFlow.AuthorizationPath:
                    await WriteAsync(context, 200, JsonSerializer.Serialize(
                        new DeviceAuthorization("device-secret", "BCDF-GHJK", $"{api.Url}/device", $"{api.Url}/device?user_code=BCDF-GHJK", 600, 5),
                        OperoneJson.Default.DeviceAuthorization));
                    return true;
                case DeviceFlow.TokenPath:
                    polls.Add((await context.Request.ReadFormAsync(Cancelled))["device_code"].ToString());
                    var answer = answers[Math.Min(polls.Count, answers.Length) - 1];
                    await (answer switch
                    {
                        null => WriteAsync(context, 200, JsonSerializer.Serialize(new OAuthToken(SessionToken, "Bearer", 86_400), OperoneJson.Default.OAuthToken)),
                        "503" => WriteAsync(context, 503, "{}"),
                        _ => WriteAsync(context, 400, JsonSerializer.Serialize(new OAuthError(answer, "why"), OperoneJson.Default.OAuthError)),
                    });
                    return true;
                case DeviceFlow.RevocationPath:
                    return true;
                default:
                    return false;
            }
        };
        return polls;
    }

    private static Task WriteAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json, Cancelled);
    }
}
