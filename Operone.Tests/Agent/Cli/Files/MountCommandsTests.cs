using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Tests.Web.Files.Mounts;
using Xunit;

namespace Operone.Tests.Agent.Cli.Files;

/// <summary><c>operone mounts</c>, and the commands of files on mounts, against a real node and a real sshd.</summary>
[SupportedOSPlatform("linux")]
public sealed class MountCommandsTests(FilesNode node, OpenSshServer ssh) : IClassFixture<FilesNode>, IClassFixture<OpenSshServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mounts_AreAddedTestedListedUsedAndRemoved()
    {
        Assert.SkipWhen(ssh.Missing is not null, ssh.Missing ?? "");
        var folder = node.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "shared"));
        await File.WriteAllTextAsync(Path.Combine(folder, "key"), ssh.Mount.PrivateKey, Cancelled);
        Assert.Equal(0, (await node.RunAsync(folder, "mounts", "add", "data", $"{folder}/shared", "--writable", "--label", "team=web")).Code);
        string[] add = ["mounts", "add", "box", ssh.Mount.Address!, "-u", ssh.Mount.User!, "--key", "key", "-w"];
        var (code, _, error) = await node.RunAsync(folder, add);
        Assert.Equal(1, code);
        Assert.Contains(ssh.HostKey, error, StringComparison.Ordinal);
        (code, _, error) = await node.RunAsync(folder, [.. add, "--host-key", ssh.HostKey]);
        Assert.True(code == 0, error);
        var listed = JsonDocument.Parse(await DoneAsync(folder, "mounts", "list", "--json")).RootElement;
        Assert.Equal(["/mounts/box", "/server/data"], listed.EnumerateArray().Select(m => m.GetProperty("path").GetString()).Order(StringComparer.Ordinal));

        Assert.Equal("box\n", await DoneAsync(folder, "ls", "/mounts"));
        Assert.Equal("devices\nmounts\nserver\n", await DoneAsync(folder, "ls", "/"));
        await File.WriteAllTextAsync(Path.Combine(folder, "here.txt"), "text\n", Cancelled);
        await DoneAsync(folder, "mkdir", "/mounts/box/in");
        await DoneAsync(folder, "cp", "here.txt", ":/mounts/box/in/there.txt");
        Assert.Equal("text\n", await DoneAsync(folder, "cat", "/mounts/box/in/*.txt"));
        await DoneAsync(folder, "cp", "-r", ":/mounts/box/in", ":/server/data");
        Assert.Equal("text\n", await File.ReadAllTextAsync(Path.Combine(folder, "shared/in/there.txt"), Cancelled));
        await DoneAsync(folder, "cp", "-r", ":/server/data/in", $"a:{folder}/ondevice");
        Assert.Equal("text\n", await DoneAsync(folder, "cat", $":/devices/a{folder}/ondevice/there.txt"));
        await DoneAsync(folder, "mv", ":/mounts/box/in/there.txt", ":/mounts/box/in/moved");
        Assert.Contains(":/mounts/box/in/moved", await DoneAsync(folder, "find", "/mounts/box/in"), StringComparison.Ordinal);
        (code, _, error) = await node.RunAsync(folder, "rm", "-r", "/mounts/box/in");
        Assert.Equal(1, code);
        Assert.Contains("no trash", error, StringComparison.Ordinal);
        await DoneAsync(folder, "rm", "-r", "--no-trash", "/mounts/box/in");
        Assert.False(Directory.Exists(Path.Combine(ssh.Root, "in")));
        await DoneAsync(folder, "mounts", "remove", "box");
        Assert.Equal(1, (await node.RunAsync(folder, "ls", "/mounts/box")).Code);
    }

    [Theory]
    [InlineData("web:/etc", "web", "/etc")]
    [InlineData(":/mounts/box/a b", "/mounts/box", "/a b")]
    [InlineData(":/server/data", "/server/data", "/")]
    [InlineData(":/devices/web/etc", "web", "/etc")]
    [InlineData(":/", "/", "/")]
    [InlineData(":/mounts/", "/", "/mounts")]
    public void Place_OfTheTree_IsWrittenBehindAColon(string text, string device, string path)
    {
        var place = Operone.Agent.Cli.Operator.Files.Place.Parse(text);
        Assert.Equal((device, path), (place.Value.Device, place.Value.Path.ToString()));
    }

    [Theory]
    [InlineData(":")]
    [InlineData(":x")]
    [InlineData(":mounts/x")]
    [InlineData(":/etc/passwd")]
    [InlineData(":/mounts/../etc")]
    public void Place_ThatIsNoneInTheTree_IsRefused(string text) => Assert.True(Operone.Agent.Cli.Operator.Files.Place.Parse(text).IsError);

    [Theory]
    [InlineData("/mounts/box/x", "/mounts/box")]
    [InlineData("/mounts", "/")]
    [InlineData("/etc", null)]
    [InlineData("/mountsx", null)]
    public void Place_WhereOnlyTheTreeCanBeMeant_NeedsNoColon(string text, string? device) =>
        Assert.Equal(device, Operone.Agent.Cli.Operator.Files.Place.ParseRemote(text).Value.Device);

    private async Task<string> DoneAsync(string folder, params string[] arguments)
    {
        var (code, output, error) = await node.RunAsync(folder, arguments);
        Assert.True(code == 0, $"operone {string.Join(' ', arguments)} ended with {code}: {error}");
        return output;
    }
}
