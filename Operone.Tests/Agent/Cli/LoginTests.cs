using System.Text;
using Xunit;

namespace Operone.Tests.Agent.Cli;

public sealed class LoginTests
{
    [Fact]
    public async Task Login_GoodTokenTyped_IsSavedForItsOwnerAlone()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = new FakeTerminal { Secret = FakeApi.Token, IsTerminal = true };

        Assert.Equal(0, await terminal.RunAsync("login", "--token", "--server", api.Url + "/"));

        var file = Path.Combine(terminal.ConfigurationFolder, "operone", "credentials.json");
        Assert.Contains(FakeApi.Token, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.DoesNotContain(FakeApi.Token, terminal.Output + terminal.Error, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        Assert.Equal(0, await terminal.RunAsync("devices"));
    }

    [Fact]
    public async Task Login_TokenOnStandardInput_IsRead()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = new FakeTerminal { Input = Encoding.UTF8.GetBytes(FakeApi.Token + "\n"), InputIsRedirected = true };

        Assert.Equal(0, await terminal.RunAsync("login", "--server", api.Url));
        Assert.Equal(0, await terminal.RunAsync("devices"));
    }

    [Fact]
    public async Task Login_UnknownToken_SavesNothing()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = new FakeTerminal { Secret = "op_other" };

        Assert.Equal(2, await terminal.RunAsync("login", "--token", "--server", api.Url));
        Assert.Contains("does not know this token", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(terminal.ConfigurationFolder));
    }

    [Fact]
    public async Task Login_TokenWithoutTheRightToSeeDevices_IsSaved()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnAny = async context =>
        {
            await FakeApi.ProblemAsync(context, 403, "forbidden", "Not allowed.", "The token lacks devices.read.");
            return true;
        };
        using var terminal = new FakeTerminal { Secret = FakeApi.Token };

        Assert.Equal(0, await terminal.RunAsync("login", "--token", "--server", api.Url));
    }

    [Fact]
    public async Task Login_NotAnOperoneServer_SavesNothing()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnAny = context =>
        {
            context.Response.ContentType = "text/html";
            return Task.FromResult(true);
        };
        using var terminal = new FakeTerminal { Secret = FakeApi.Token };

        Assert.Equal(2, await terminal.RunAsync("login", "--token", "--server", api.Url));
        Assert.Contains("cannot be read", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(terminal.ConfigurationFolder));
    }

    [Theory]
    [InlineData("localhost:5080")]
    [InlineData("ftp://a")]
    [InlineData("https://")]
    [InlineData("https://user:pass@a")]
    [InlineData("https://a?b=c")]
    public async Task Login_MalformedAddress_IsRefused(string url)
    {
        using var terminal = new FakeTerminal { Secret = "x" };
        Assert.Equal(2, await terminal.RunAsync("login", "--token", "--server", url));
        Assert.Contains("should look like", terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("new\nline")]
    public async Task Login_NoToken_IsRefused(string secret)
    {
        using var terminal = new FakeTerminal { Secret = secret };
        Assert.Equal(2, await terminal.RunAsync("login", "--token", "--server", "http://127.0.0.1:1"));
        Assert.Contains("token", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_NobodyListens_SaysSo()
    {
        using var terminal = new FakeTerminal { Secret = "x" };
        Assert.Equal(2, await terminal.RunAsync("login", "--token", "--server", "http://127.0.0.1:1"));
        Assert.Contains("connection refused", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logout_LoggedIn_ForgetsTheToken()
    {
        await using var api = await FakeApi.StartAsync();
        using var terminal = new FakeTerminal { Secret = FakeApi.Token };
        await terminal.RunAsync("login", "--token", "--server", api.Url);

        Assert.Equal(0, await terminal.RunAsync("logout"));
        Assert.Contains(api.Url, terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, await terminal.RunAsync("devices"));
        Assert.Contains("operone login", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(0, await terminal.RunAsync("logout"));
    }

    [Fact]
    public async Task Credentials_EnvironmentNamesAnotherServer_SavedTokenIsNotSentThere()
    {
        await using var mine = await FakeApi.StartAsync();
        await using var other = await FakeApi.StartAsync();
        using var terminal = new FakeTerminal { Secret = FakeApi.Token };
        await terminal.RunAsync("login", "--token", "--server", mine.Url);

        terminal.Variables["OPERONE_URL"] = other.Url;
        Assert.Equal(2, await terminal.RunAsync("devices"));
        Assert.Empty(other.Requests);
        Assert.Contains("There is no token for " + other.Url, terminal.Error, StringComparison.Ordinal);

        terminal.Variables["OPERONE_TOKEN"] = FakeApi.Token;
        Assert.Equal(0, await terminal.RunAsync("devices"));
        Assert.NotEmpty(other.Requests);
    }

    [Fact]
    public async Task Credentials_FileDamaged_SaysWhatToDo()
    {
        using var terminal = new FakeTerminal();
        Directory.CreateDirectory(Path.Combine(terminal.ConfigurationFolder, "operone"));
        await File.WriteAllTextAsync(Path.Combine(terminal.ConfigurationFolder, "operone", "credentials.json"), "{", TestContext.Current.CancellationToken);

        Assert.Equal(2, await terminal.RunAsync("devices"));
        Assert.Contains("Run 'operone login", terminal.Error, StringComparison.Ordinal);
    }
}
