using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Tests.Agent.Cli.Files;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary><c>operone schedule</c> against a real node with a real device.</summary>
[SupportedOSPlatform("linux")]
public sealed class ScheduleCommandTests(FilesNode node) : IClassFixture<FilesNode>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Schedule_IsSetLookedAtFiredTurnedOffAndRemoved()
    {
        var folder = node.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "job.yaml"), "name: greet\ntarget: {devices: [a]}\nsteps: [{command: 'echo hello'}]\n", Cancelled);
        await DoneAsync(folder, "job", "apply", "-f", "job.yaml");
        var (code, _, error) = await node.RunAsync(folder, "schedule", "set", "nightly", "--job", "greet", "--calendar", "every weekday at 03:00", "-z", "Europe/Berlin", "--missed", "once");
        Assert.True(code == 0, error);
        Assert.Contains("made nightly", error, StringComparison.Ordinal);
        (_, _, error) = await node.RunAsync(folder, "schedule", "set", "nightly", "--job", "greet", "--cron", "0 4 * * *");
        Assert.Contains("changed nightly", error, StringComparison.Ordinal);
        var listed = JsonDocument.Parse(await DoneAsync(folder, "schedule", "list", "--json")).RootElement;
        Assert.Equal("0 4 * * *", listed[0].GetProperty("definition").GetProperty("cron").GetString());
        Assert.Contains("nightly", await DoneAsync(folder, "schedule", "list"), StringComparison.Ordinal);
        Assert.Equal(10, JsonDocument.Parse(await DoneAsync(folder, "schedule", "show", "nightly", "--json")).RootElement.GetProperty("following").GetArrayLength());
        (code, _, error) = await node.RunAsync(folder, "schedule", "fire", "nightly");
        Assert.True(code == 0, error);
        Assert.Contains("asked for by", await DoneAsync(folder, "schedule", "history", "nightly"), StringComparison.Ordinal);
        (_, _, error) = await node.RunAsync(folder, "schedule", "disable", "nightly");
        Assert.Contains("nightly is off", error, StringComparison.Ordinal);
        await DoneAsync(folder, "schedule", "remove", "nightly");
        Assert.NotEqual(0, (await node.RunAsync(folder, "schedule", "show", "nightly")).Code);
    }

    [Fact]
    public async Task Words_ThatAreNotUnderstood_AreRefusedWithoutAServer()
    {
        var folder = node.NewFolder();
        var (code, _, error) = await node.RunAsync(folder, "schedule", "preview", "--calendar", "every day at teatime");
        Assert.NotEqual(0, code);
        Assert.Contains("'teatime'", error, StringComparison.Ordinal);
        (code, _, error) = await node.RunAsync(folder, "schedule", "preview", "--cron", "0 3 * * 1-5", "-z", "Europe/Berlin");
        Assert.True(code == 0, error);
        Assert.Equal(10, error.Split('\n').Count(l => l.Contains("Z  in ", StringComparison.Ordinal)));
        (code, _, error) = await node.RunAsync(folder, "schedule", "set", "x", "--job", "greet");
        Assert.NotEqual(0, code);
        Assert.Contains("give exactly one of cron, calendar, every, at and on", error, StringComparison.Ordinal);
    }

    private async Task<string> DoneAsync(string folder, params string[] arguments)
    {
        var (code, output, error) = await node.RunAsync(folder, arguments);
        Assert.True(code == 0, error);
        return output;
    }
}
