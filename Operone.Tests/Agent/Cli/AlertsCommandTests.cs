using System.Runtime.Versioning;
using System.Text.Json;
using Operone.Tests.Agent.Cli.Files;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary><c>operone alerts</c> against a real node with a real device.</summary>
[SupportedOSPlatform("linux")]
public sealed class AlertsCommandTests(FilesNode node) : IClassFixture<FilesNode>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Alert_IsRaisedByARule_Silenced_SeenAndOver()
    {
        var folder = node.NewFolder();
        Assert.Contains("made busy: processes over 0", await DoneAsync(folder, "alerts", "rules", "set", "busy", "--metric", "processes", "--over", "0", "--severity", "critical"), StringComparison.Ordinal);
        var alert = await Operone.Tests.Hosting.Eventually.BecomesAsync(
            async () => JsonDocument.Parse(await OutputAsync(folder, "alerts", "list", "--state", "firing", "--rule", "busy", "--json")).RootElement is var list && list.GetArrayLength() > 0
                ? list[0].GetProperty("id").GetString() : null, "the alert", 60);
        Assert.Contains("busy", await OutputAsync(folder, "alerts"), StringComparison.Ordinal);
        Assert.Contains("critical", await OutputAsync(folder, "alerts", "rules"), StringComparison.Ordinal);

        Assert.Contains("silenced busy until", await DoneAsync(folder, "alerts", "silence", "--rule", "busy", "--for", "1h", "--reason", "works"), StringComparison.Ordinal);
        Assert.Contains("silenced", await OutputAsync(folder, "alerts", "list"), StringComparison.Ordinal);
        var silence = JsonDocument.Parse(await OutputAsync(folder, "alerts", "silences", "--json")).RootElement[0].GetProperty("id").GetString()!;
        await DoneAsync(folder, "alerts", "unsilence", silence);
        Assert.Contains("ended by", await OutputAsync(folder, "alerts", "silences", "--ended"), StringComparison.Ordinal);
        Assert.Contains("acknowledged busy", await DoneAsync(folder, "alerts", "ack", alert), StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Combine(folder, "rule.json"), await OutputAsync(folder, "alerts", "rules", "show", "busy"), Cancelled);
        Assert.Contains("unchanged busy", await DoneAsync(folder, "alerts", "rules", "apply", "-f", "rule.json"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "rules.yaml"), "# two\n- name: busy\n  telemetry: {metric: processes, over: 100000}\n- name: backups\n  job: '*'\n", Cancelled);
        Assert.Contains("made backups: any job failed", await DoneAsync(folder, "alerts", "rules", "apply", "-f", "rules.yaml"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "wrong.yaml"), "name: busy\nofline: true\n", Cancelled);
        var (wrong, _, said) = await node.RunAsync(folder, "alerts", "rules", "apply", "-f", "wrong.yaml");
        Assert.NotEqual(0, wrong);
        Assert.Contains("line 2, column 1: there is no field 'ofline'", said, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "window.yaml"), "name: nights\ncalendar: every weekday at 22:00\nduration: 6h\n", Cancelled);
        Assert.Contains("made nights, for", await DoneAsync(folder, "windows", "apply", "-f", "window.yaml"), StringComparison.Ordinal);
        await DoneAsync(folder, "alerts", "rules", "remove", "busy");
        var (code, _, error) = await node.RunAsync(folder, "alerts", "rules", "set", "x", "--metric", "cpu");
        Assert.NotEqual(0, code);
        Assert.Contains("give exactly one of over and under", error, StringComparison.Ordinal);
    }

    private async Task<string> OutputAsync(string folder, params string[] arguments)
    {
        var (code, output, error) = await node.RunAsync(folder, arguments);
        Assert.True(code == 0, error);
        return output;
    }

    private async Task<string> DoneAsync(string folder, params string[] arguments)
    {
        var (code, _, error) = await node.RunAsync(folder, arguments);
        Assert.True(code == 0, error);
        return error;
    }
}
