using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class EnvironmentsCommandTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly EnvironmentView Deploy = new(
        Guid.CreateVersion7(), "deploy", "to deploy", "env=prod", new Dictionary<string, string> { ["REGION"] = "eu-1", ["URL"] = "https://x" }, ["API_TOKEN", "SSH_KEY"],
        Now.AddHours(-2), "anna@example.org");

    private readonly List<(string Method, string Path, WriteEnvironment Body)> _written = [];

    [Fact]
    public async Task List_Some_AreATable()
    {
        await using var api = await StartAsync(Deploy, Deploy with { Name = "empty", Description = "", Selector = "", Variables = new Dictionary<string, string>(), Secrets = [] });
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new FakeTimeProvider(Now);
        Assert.Equal(0, await terminal.RunAsync("environments"));
        Assert.Equal(
            """
            NAME    DEVICES   VARIABLES  SECRETS  CHANGED  WHAT FOR
            deploy  env=prod  2          2        2h ago   to deploy
            empty   all       0          0        2h ago

            """, terminal.Output);
        Assert.Equal(0, await terminal.RunAsync("environments", "list", "-q", "dep", "--json"));
        Assert.Contains("GET /api/v1/environments?q=dep&limit=200", api.Requests);
    }

    [Fact]
    public async Task Show_One_MasksItsSecrets()
    {
        await using var api = await StartAsync(Deploy);
        using var terminal = FakeTerminal.For(api);
        terminal.Time = new FakeTimeProvider(Now);
        Assert.Equal(0, await terminal.RunAsync("environments", "show", "deploy"));
        Assert.Equal(
            """
            VARIABLE   VALUE
            REGION     eu-1
            URL        https://x
            API_TOKEN  ***
            SSH_KEY    ***

            """, terminal.Output);
        Assert.Contains("for devices with env=prod; changed by anna@example.org 2h ago", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, await terminal.RunAsync("environments", "show", "no-such"));
        Assert.Contains("There is no such environment.", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_New_MakesItWithASecretFromStandardInput()
    {
        await using var api = await StartAsync();
        using var terminal = FakeTerminal.For(api);
        terminal.Input = "-----BEGIN-----\nline two\n"u8.ToArray();
        terminal.InputIsRedirected = true;
        Assert.Equal(0, await terminal.RunAsync("environments", "set", "new one", "--var", "A=b=c", "--secret", "KEY", "-l", "env=prod", "--description", "d"));
        var (method, path, body) = Assert.Single(_written);
        Assert.Equal(("POST", "/api/v1/environments"), (method, path));
        Assert.Equal(("new one", "d", "env=prod"), (body.Name, body.Description, body.Selector));
        Assert.Equal("b=c", body.Variables!["A"]);
        Assert.Equal("-----BEGIN-----\nline two", body.Secrets!["KEY"]);
        Assert.Equal("operone: made 'new one': 1 variables, 1 secrets\n", terminal.Error);
        Assert.Empty(terminal.Output);
    }

    [Fact]
    public async Task Set_Known_ChangesWhatIsNamedAndKeepsTheRest()
    {
        await using var api = await StartAsync(Deploy);
        using var terminal = FakeTerminal.For(api);
        terminal.Secret = "typed-secret";
        Assert.Equal(0, await terminal.RunAsync("environments", "set", "deploy", "--var", "NEW=1", "--secret", "SSH_KEY", "--unset", "URL"));
        var (method, path, body) = Assert.Single(_written);
        Assert.Equal(("PUT", $"/api/v1/environments/{Deploy.Id}"), (method, path));
        Assert.Equal((null, "to deploy", "env=prod"), (body.Name, body.Description, body.Selector));
        Assert.Equal(new Dictionary<string, string> { ["REGION"] = "eu-1", ["NEW"] = "1" }, body.Variables);
        Assert.Equal(new Dictionary<string, string?> { ["API_TOKEN"] = null, ["SSH_KEY"] = "typed-secret" }, body.Secrets);
        Assert.Contains("Value of SSH_KEY: ", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("typed-secret", terminal.Error + terminal.Output, StringComparison.Ordinal);

        // A secret becomes a variable, and the other way about; a selector is taken away.
        Assert.Equal(0, await terminal.RunAsync("environments", "set", "deploy", "--var", "API_TOKEN=seen", "--secret", "URL", "-l", "", "--rename", "ship"));
        body = _written[^1].Body;
        Assert.Equal(("ship", ""), (body.Name, body.Selector));
        Assert.Equal(["API_TOKEN", "REGION"], body.Variables!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["SSH_KEY", "URL"], body.Secrets!.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Set_SeveralSecrets_TakeALineEach()
    {
        await using var api = await StartAsync();
        using var terminal = FakeTerminal.For(api);
        terminal.InputIsRedirected = true;
        terminal.Input = "first-secret\r\nsecond-secret\n"u8.ToArray();
        Assert.Equal(0, await terminal.RunAsync("environments", "set", "x", "--secret", "A", "--secret", "B"));
        Assert.Equal(new Dictionary<string, string?> { ["A"] = "first-secret", ["B"] = "second-secret" }, Assert.Single(_written).Body.Secrets);
        terminal.Input = "only-one\n"u8.ToArray();
        Assert.Equal(2, await terminal.RunAsync("environments", "set", "x", "--secret", "A", "--secret", "B"));
        Assert.Contains("standard input has 1 lines", terminal.Error, StringComparison.Ordinal);
        Assert.Single(_written);
    }

    [Theory]
    [InlineData("", "There is no value for KEY")]
    [InlineData("abc", "shorter than 4 characters")]
    public async Task Set_SecretThatIsNone_IsRefusedBeforeItIsSent(string input, string message)
    {
        await using var api = await StartAsync();
        using var terminal = FakeTerminal.For(api);
        terminal.InputIsRedirected = true;
        terminal.Input = Encoding.UTF8.GetBytes(input);
        Assert.Equal(2, await terminal.RunAsync("environments", "set", "x", "--secret", "KEY"));
        Assert.Contains(message, terminal.Error, StringComparison.Ordinal);
        Assert.Empty(_written);
    }

    [Fact]
    public async Task Set_UnsetOfWhatIsNotThere_IsRefused()
    {
        await using var api = await StartAsync(Deploy);
        using var terminal = FakeTerminal.For(api);
        Assert.Equal(2, await terminal.RunAsync("environments", "set", "deploy", "--unset", "NOPE"));
        Assert.Contains("'deploy' has no variable 'NOPE'", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(_written);
    }

    [Fact]
    public async Task Remove_ByName_IsSent()
    {
        await using var api = await StartAsync(Deploy);
        using var terminal = FakeTerminal.For(api);
        Assert.Equal(0, await terminal.RunAsync("environments", "remove", "deploy"));
        Assert.Contains("DELETE /api/v1/environments/deploy", api.Requests);
        Assert.Equal("operone: removed 'deploy'\n", terminal.Error);
    }

    [Fact]
    public async Task Run_WithEnvironments_NamesThemInOrder()
    {
        await using var api = await FakeApi.StartAsync();
        api.Run = FakeApi.NewRun(ExecutionStatus.Succeeded, "a");
        using var terminal = FakeTerminal.For(api);
        Assert.Equal(0, await terminal.RunAsync("run", "-d", "a", "--detach", "--environment", "deploy", "--environment", "shop", "--env", "A=1", "--", "true"));
        var request = Assert.Single(api.Created);
        Assert.Equal(["deploy", "shop"], request.Environments!);
        Assert.Equal("1", request.Environment!["A"]);
        Assert.Equal("true", request.Command);
    }

    private async Task<FakeApi> StartAsync(params EnvironmentView[] environments)
    {
        var api = await FakeApi.StartAsync();
        api.OnAny = async context =>
        {
            var path = context.Request.Path.Value!;
            if (path == "/api/v1/environments" && context.Request.Method == "GET")
            {
                await context.Response.WriteAsync(JsonSerializer.Serialize(new Page<EnvironmentView>(environments, null), OperoneJson.Default.PageEnvironmentView));
                return true;
            }

            if (context.Request.Method is "POST" or "PUT" && path.StartsWith("/api/v1/environments", StringComparison.Ordinal))
            {
                _written.Add((context.Request.Method, path, (await JsonSerializer.DeserializeAsync(context.Request.Body, OperoneJson.Default.WriteEnvironment))!));
                await context.Response.WriteAsync(JsonSerializer.Serialize(Deploy, OperoneJson.Default.EnvironmentView));
                return true;
            }

            if (!path.StartsWith("/api/v1/environments/", StringComparison.Ordinal))
            {
                return false;
            }

            if (environments.FirstOrDefault(e => e.Name == Uri.UnescapeDataString(path.Split('/')[^1])) is not { } found)
            {
                await FakeApi.ProblemAsync(context, 404, "environment-not-found", "There is no such environment.", "No environment has this name.");
            }
            else if (context.Request.Method == "DELETE")
            {
                context.Response.StatusCode = 204;
            }
            else
            {
                await context.Response.WriteAsync(JsonSerializer.Serialize(found, OperoneJson.Default.EnvironmentView));
            }

            return true;
        };
        return api;
    }
}
