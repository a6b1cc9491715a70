using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Web.Shell.Pages;
using Operone.Web.Shell.Pages.Compose;
using Xunit;

namespace Operone.Tests.Web.Shell.Pages;

public sealed class RunFormTests
{
    [Fact]
    public void EmptyForm_SaysWhatIsMissing_FieldByField()
    {
        var problems = new RunForm().Read().Problems;
        Assert.Equal(["command", "target.selector"], problems.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EverythingWrong_IsSaidAtOnce()
    {
        var form = new RunForm { Command = "x", Selector = "env=prod,,", Timeout = "5 parsecs", Expiry = "-1s", OutputLimit = "many", Environment = "novalue" };
        Assert.Equal(
            ["environment", "expiresInSeconds", "outputLimitBytes", "target.selector", "timeoutSeconds"],
            form.Read().Problems.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void MalformedSelector_NamesTheCharacter() =>
        Assert.Contains("character 10", new RunForm { Command = "x", Selector = "env=prod,=" }.Read().Problems["target.selector"][0], StringComparison.Ordinal);

    [Fact]
    public void Form_OfARun_AsksForTheSameRun()
    {
        var request = new CreateRun
        {
            Script = "#!/bin/sh\nls\n",
            Interpreter = "/bin/bash",
            Target = new RunTarget(Devices: ["db-1", "web-1"], OnlyPermitted: true),
            WorkingDirectory = "/srv",
            Environments = ["prod", "deploy keys"],
            Environment = new Dictionary<string, string> { ["A"] = "b=c", ["EMPTY"] = "" },
            TimeoutSeconds = 90.5,
            ExpiresInSeconds = 7200,
            OutputLimitBytes = 1048576,
        };
        var (again, problems) = RunForm.From(request).Read();
        Assert.Empty(problems);
        Assert.Equivalent(request, again, strict: true);
    }

    [Theory]
    [InlineData("uptime", "operone run -l role=web -- uptime")]
    [InlineData("echo 'a b' | wc", "operone run -l role=web -- 'echo '\\''a b'\\'' | wc'")]
    public void Command_AsTyped_IsOneQuotedWord(string command, string expected) =>
        Assert.Equal(expected, RunText.Command(new CreateRun { Command = command, Target = new RunTarget(Selector: "role=web") }));

    [Fact]
    public void Options_AreAllInTheCommand()
    {
        var request = new CreateRun
        {
            Argv = ["ls", "-l", "my file"],
            Target = new RunTarget(Devices: ["a", "b"]),
            WorkingDirectory = "/srv",
            Environments = ["prod", "deploy keys"],
            Environment = new Dictionary<string, string> { ["X"] = "1 2" },
            TimeoutSeconds = 30,
            Stdin = "yes",
        };
        Assert.Equal("printf %s yes | operone run -d a -d b --cwd /srv --environment prod --environment 'deploy keys' --env 'X=1 2' --timeout 30s -- ls -l 'my file'", RunText.Command(request));
    }

    [Fact]
    public void Call_HasTheRequestAsJson_AndNoToken()
    {
        var call = RunText.Call(new CreateRun { Command = "it's", Target = new RunTarget(All: true) }, "https://op.example.org/");
        Assert.StartsWith("curl -fsS -X POST https://op.example.org/api/v1/runs", call, StringComparison.Ordinal);
        Assert.Contains("\"command\": \"it'\\''s\"", call, StringComparison.Ordinal);
        Assert.Contains("$OPERONE_TOKEN", call, StringComparison.Ordinal);
    }

    [Fact]
    public void Placement_AsTyped_IsTheRequests_AndComesBack()
    {
        var form = new RunForm { Command = "x", Selector = "a" };
        Assert.Null(form.Read().Request.Placement);
        var typed = form.Placement;
        (typed.IsPlaced, typed.Count, typed.Cpu, typed.Memory, typed.SpreadOver, typed.Prefer, typed.Exclude) = (true, "2", "500m", "1Gi", "zone", "disk=ssd", "a, b");
        var (request, problems) = form.Read();
        Assert.Empty(problems);
        Assert.Equal((2, new Resources(500, 1L << 30), "zone"), (request.Placement!.Count, request.Placement.Needs, request.Placement.SpreadOver));
        Assert.Equal(["disk=ssd"], request.Placement.Prefer!);
        Assert.Equal(["a", "b"], request.Placement.Exclude!);
        var again = RunForm.From(request).Read().Request.Placement!;
        Assert.Equal((2, request.Placement.Needs), (again.Count, again.Needs));
        Assert.Contains("--any 2 --cpu 0.5 --memory 1073741824 --spread zone --prefer disk=ssd --exclude a,b", RunText.Command(request), StringComparison.Ordinal);

        (typed.Count, typed.Cpu, typed.Prefer) = ("few", "fast", "a in");
        Assert.Equal(["placement.count", "placement.needs.cpuMillis", "placement.prefer"], form.Read().Problems.Keys.Order());
    }
}
