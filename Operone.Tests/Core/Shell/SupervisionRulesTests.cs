using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Shell;

public sealed class SupervisionRulesTests
{
    [Fact]
    public void Supervision_WithEverythingWrong_SaysAllAtOnce()
    {
        var error = SupervisionRules.Check(new Supervision
        {
            Restart = new() { Mode = (RestartMode)9, PauseSeconds = double.NaN, MaxPauseSeconds = 0, StableSeconds = 0, MaxRestarts = 0 },
            Health = new()
            {
                Argv = [""],
                TcpPort = 0,
                HttpUrl = "http://example.org/",
                IntervalSeconds = 0,
                TimeoutSeconds = 301,
                Failures = 0,
                StartSeconds = -1,
            },
            LeaseSeconds = 9,
            StopGraceSeconds = 301,
        });
        Assert.Equal(
            [
                "health", "health.argv", "health.failures", "health.httpUrl", "health.intervalSeconds", "health.startSeconds", "health.tcpPort", "health.timeoutSeconds",
                "leaseSeconds", "restart.maxPauseSeconds", "restart.maxRestarts", "restart.mode", "restart.pauseSeconds", "restart.stableSeconds", "stopGraceSeconds",
            ],
            error!.Fields!.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Supervision_AsItIsByDefault_HasNoProblem()
    {
        Assert.Null(SupervisionRules.Check(new Supervision()));
        Assert.Null(SupervisionRules.Check(new Supervision { LeaseSeconds = 10, Health = new() { Argv = ["/bin/true"] } }));
        Assert.NotNull(SupervisionRules.Check(new Supervision { Health = new() }));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080/health?a=b", 8080, "/health?a=b")]
    [InlineData("http://localhost/", 80, "/")]
    [InlineData("http://[::1]:81", 81, "/")]
    [InlineData("http://LOCALHOST:8/", 8, "/")]
    [InlineData("http://127.9.9.9:8/", 8, "/")]
    public void Url_OnLoopback_IsTaken(string url, int port, string path)
    {
        var to = SupervisionRules.ParseUrl(url)!.Value;
        Assert.Equal((port, path), (to.Port, to.Path));
    }

    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("http://10.0.0.1/")]
    [InlineData("http://localhost.example.org/")]
    [InlineData("http://me@127.0.0.1/")]
    [InlineData("http://127.0.0.1/\r\nX: y")]
    [InlineData("http://0.0.0.0/")]
    [InlineData("http:///x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("")]
    public void Url_AnywhereElse_IsRefused(string url) => Assert.Null(SupervisionRules.ParseUrl(url));

    [Fact]
    public void Start_InWhichItDoesNotFit_IsRefused()
    {
        var start = new StartExecution { Command = "true", Supervision = new() { Health = new() { TcpPort = 80 } } };
        Assert.Null(SupervisionRules.Check(start));
        Assert.NotNull(SupervisionRules.Check(start with { StreamStdout = true }));
        Assert.NotNull(SupervisionRules.Check(start with { Sandbox = new SandboxSpec(SandboxKind.Isolated) }));
        Assert.Null(SupervisionRules.Check(start with { Sandbox = new SandboxSpec(SandboxKind.Isolated, Network: true) }));
        var program = start with { Supervision = new() { Health = new() { Argv = ["true"] } } };
        Assert.Null(SupervisionRules.Check(program));
        Assert.NotNull(SupervisionRules.Check(program with { Sandbox = new SandboxSpec(SandboxKind.Isolated, Network: true) }));
    }

    [Fact]
    public void Json_OfAStart_IsInWords()
    {
        var start = new StartExecution { Supervision = new() { Restart = new() { Mode = RestartMode.OnFailure }, LeaseSeconds = 60 } };
        var text = JsonSerializer.Serialize(start, OperoneJson.Default.StartExecution);
        Assert.Contains("\"mode\":\"on-failure\"", text, StringComparison.Ordinal);
        Assert.Equal(start.Supervision, JsonSerializer.Deserialize(text, OperoneJson.Default.StartExecution)!.Supervision);
    }
}
