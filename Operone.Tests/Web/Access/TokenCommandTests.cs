using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.Tests.Agent.Cli;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>The command line against a real server.</summary>
public abstract class TokenCommandTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task Login_ApprovedByAPerson_ActsAsThemUntilLogout()
    {
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var browser = await Server.SignInAsync(person);
        using var terminal = new FakeTerminal { Time = new HurriedTime() };
        var login = terminal.RunAsync("login", "--server", Server.Url);
        await terminal.SaidAsync("Ctrl+C", Cancelled);
        var code = System.Text.RegularExpressions.Regex.Match(terminal.Error, "user_code=([A-Z-]+)").Groups[1].Value;
        var path = $"/device?user_code={code}";
        var fields = await browser.ReadHiddenAsync(path);
        fields["Decision"] = "approve";
        fields["Days"] = "1";
        using var approved = await browser.Client.PostAsync(path, new FormUrlEncodedContent(fields), Cancelled);

        // It asks a hundred times faster than a person's would, and so is told to slow down; here nobody waits for that.
        while (!login.IsCompleted)
        {
            await using var db = Server.OpenDatabase();
            await db.Set<DeviceLogin>().ExecuteUpdateAsync(set => set.SetProperty(d => d.PolledAt, (DateTimeOffset?)null), Cancelled);
            await Task.WhenAny(login, Task.Delay(50, Cancelled));
        }

        Assert.True(await login == 0, terminal.Error);
        Assert.Contains($"as {person.Email}", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(0, await terminal.RunAsync("whoami"));
        Assert.Contains(person.Email, terminal.Output, StringComparison.Ordinal);
        Assert.Contains("device-flow", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("runs.create", terminal.Output, StringComparison.Ordinal);
        Assert.Equal(0, await terminal.RunAsync("logout"));
        await using var after = Server.OpenDatabase();
        Assert.False(await after.Set<ApiToken>().AnyAsync(t => t.OwnerId == person.Id, Cancelled));
    }

    [Fact]
    public async Task Tokens_MadeListedAndRevoked()
    {
        using var terminal = For(OperoneServer.OwnerToken);
        Assert.Equal(0, await terminal.RunAsync("tokens", "create", "nightly", "-p", "devices.read,runs.read", "-l", "env=prod", "--expires", "30d"));
        var token = terminal.Output.Trim();
        Assert.True(TokenText.IsWellFormed(token));
        using (var service = For(token))
        {
            Assert.Equal(0, await service.RunAsync("whoami"));
            Assert.Contains("env=prod until", service.Output, StringComparison.Ordinal);
            Assert.Equal(2, await service.RunAsync("tokens", "list"));
            Assert.Contains(Permissions.TokensCreate, service.Error, StringComparison.Ordinal);
        }

        Assert.Equal(0, await terminal.RunAsync("tokens", "list", "-q", "nightly"));
        Assert.Contains("devices.read,runs.read on env=prod", terminal.Output, StringComparison.Ordinal);
        Assert.Equal(0, await terminal.RunAsync("token", "revoke", "nightly"));
        using var revoked = For(token);
        Assert.Equal(2, await revoked.RunAsync("whoami"));
        Assert.Equal(2, await terminal.RunAsync("tokens", "revoke", "nightly"));
        Assert.Contains("None of your API tokens", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_OfServices_GetTheirRoleAtOnce()
    {
        using var terminal = For(OperoneServer.OwnerToken);
        Assert.Equal(0, await terminal.RunAsync("tokens", "create", "deploy", "--service", "--role", "Viewer", "-l", "env=prod"));
        using var service = For(terminal.Output.Trim());
        Assert.Equal(0, await service.RunAsync("runs"));
        Assert.Equal(2, await terminal.RunAsync("tokens", "create", "x", "--service", "--role", "Emperor"));
        Assert.Contains("is not a role", terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--permission is missing", "create", "x")]
    [InlineData("--role goes with --service", "create", "x", "--role", "Viewer")]
    [InlineData("goes with a personal token", "create", "x", "--service", "-p", "runs.read")]
    public async Task Tokens_WithOptionsThatDoNotGoTogether_AreRefused(string said, params string[] arguments)
    {
        using var terminal = For(OperoneServer.OwnerToken);
        Assert.Equal(2, await terminal.RunAsync(["tokens", .. arguments]));
        Assert.Contains(said, terminal.Error, StringComparison.Ordinal);
    }

    private FakeTerminal For(string token)
    {
        var terminal = new FakeTerminal();
        terminal.Variables["OPERONE_URL"] = Server.Url;
        terminal.Variables["OPERONE_TOKEN"] = token;
        return terminal;
    }
}

public sealed class TokenCommandsOnSqlite(SqliteFixture fixture) : TokenCommandTests(fixture), IClassFixture<SqliteFixture>;

public sealed class TokenCommandsOnPostgres(PostgresFixture fixture) : TokenCommandTests(fixture), IClassFixture<PostgresFixture>;
