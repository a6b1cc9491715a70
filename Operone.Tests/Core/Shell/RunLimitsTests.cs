using CsCheck;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Shell;

public sealed class RunLimitsTests
{
    private static readonly CreateRun Good = new() { Command = "true", Target = new(All: true) };

    public static TheoryData<string, CreateRun> Wrong => new()
    {
        { "command", Good with { Command = null } },
        { "command", Good with { Command = " \n" } },
        { "command", Good with { Command = "a\0b" } },
        { "command", Good with { Command = new string('é', (RunLimits.MaxCommandBytes / 2) + 1) } },
        { "argv", Good with { Argv = ["true"] } },
        { "script", Good with { Script = "true" } },
        { "argv", Good with { Command = null, Argv = [] } },
        { "argv", Good with { Command = null, Argv = [""] } },
        { "argv", Good with { Command = null, Argv = ["a", null!] } },
        { "argv", Good with { Command = null, Argv = ["a", "b\0"] } },
        { "argv", Good with { Command = null, Argv = [.. Enumerable.Repeat("a", RunLimits.MaxArguments + 1)] } },
        { "script", Good with { Command = null, Script = " " } },
        { "script", Good with { Command = null, Script = new string('a', RunLimits.MaxScriptBytes + 1) } },
        { "interpreter", Good with { Interpreter = "/bin/sh" } },
        { "interpreter", Good with { Command = null, Script = "true", Interpreter = "" } },
        { "target", Good with { Target = null } },
        { "target", Good with { Target = new() } },
        { "target", Good with { Target = new(Devices: []) } },
        { "target.devices", Good with { Target = new(Devices: ["a", " "]) } },
        { "target.devices", Good with { Target = new(Devices: [.. Enumerable.Repeat("a", RunLimits.MaxNamedDevices + 1)]) } },
        { "target.selector", Good with { Target = new(Selector: "") } },
        { "target.selector", Good with { Target = new(Selector: "a b") } },
        { "workingDirectory", Good with { WorkingDirectory = "/a\0" } },
        { "environment", Good with { Environment = new Dictionary<string, string> { ["A=B"] = "" } } },
        { "environment", Good with { Environment = new Dictionary<string, string> { [""] = "" } } },
        { "environment", Good with { Environment = new Dictionary<string, string> { ["A"] = null! } } },
        { "environment", Good with { Environment = new Dictionary<string, string> { ["A"] = "\0" } } },
        { "environment", Good with { Environment = Enumerable.Range(0, RunLimits.MaxVariables + 1).ToDictionary(i => $"V{i}", _ => "") } },
        { "stdin", Good with { Stdin = "a", StdinBase64 = "YQ==" } },
        { "stdin", Good with { Stdin = new string('é', (RunLimits.MaxStdinBytes / 2) + 1) } },
        { "stdinBase64", Good with { StdinBase64 = "not base64!" } },
        { "stdinBase64", Good with { StdinBase64 = Convert.ToBase64String(new byte[RunLimits.MaxStdinBytes + 1]) } },
        { "timeoutSeconds", Good with { TimeoutSeconds = 0 } },
        { "timeoutSeconds", Good with { TimeoutSeconds = -1 } },
        { "timeoutSeconds", Good with { TimeoutSeconds = double.NaN } },
        { "timeoutSeconds", Good with { TimeoutSeconds = double.PositiveInfinity } },
        { "expiresInSeconds", Good with { ExpiresInSeconds = RunLimits.MaxSeconds + 1 } },
        { "outputLimitBytes", Good with { OutputLimitBytes = -1 } },
        { "outputLimitBytes", Good with { OutputLimitBytes = RunLimits.MaxOutputLimitBytes + 1 } },
    };

    public static TheoryData<CreateRun> Right => new()
    {
        Good,
        Good with { Command = new string('a', RunLimits.MaxCommandBytes) },
        Good with { Command = null, Argv = ["a", "", " "] },
        Good with { Command = null, Script = new string('a', RunLimits.MaxScriptBytes), Interpreter = "python3" },
        Good with { Target = new(Devices: ["a"], Selector: "env=prod") },
        Good with { Environment = new Dictionary<string, string> { ["A"] = "", ["b.c"] = "x=y\n" } },
        Good with { Stdin = new string('a', RunLimits.MaxStdinBytes) },
        Good with { StdinBase64 = Convert.ToBase64String(new byte[RunLimits.MaxStdinBytes]) },
        Good with { TimeoutSeconds = 0.5, ExpiresInSeconds = RunLimits.MaxSeconds },
        Good with { OutputLimitBytes = 0 },
        Good with { OutputLimitBytes = RunLimits.MaxOutputLimitBytes },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void Check_Wrong_NamesTheField(string field, CreateRun request)
    {
        var error = RunLimits.Check(request);
        Assert.Equal("invalid-input", error?.Code);
        Assert.Equal([field], error!.Fields!.Keys);
    }

    [Theory]
    [MemberData(nameof(Right), DisableDiscoveryEnumeration = true)]
    public void Check_Right_IsFine(CreateRun request) => Assert.Null(RunLimits.Check(request));

    [Fact]
    public void Check_SeveralWrong_SaysAllAtOnce()
    {
        var error = RunLimits.Check(new CreateRun { TimeoutSeconds = -1, OutputLimitBytes = -1 });
        Assert.Equal(["command", "outputLimitBytes", "target", "timeoutSeconds"], error!.Fields!.Keys.Order());
    }

    [Fact]
    public void Stdin_TextOrBase64_IsTheBytes()
    {
        Assert.Null(RunLimits.Stdin(Good));
        Assert.Equal("é"u8.ToArray(), RunLimits.Stdin(Good with { Stdin = "é" }));
        Gen.Byte.Array[0, 100].Sample(bytes => Assert.Equal(bytes, RunLimits.Stdin(Good with { StdinBase64 = Convert.ToBase64String(bytes) })));
    }

    [Theory]
    [InlineData("uptime", "uptime")]
    [InlineData("  a\n", "a")]
    [InlineData("a\nb", "a…")]
    [InlineData("a\r\nb", "a…")]
    [InlineData("a\e[2Jb\tc", "a [2Jb c")]
    public void Summary_Command_IsItsFirstLine(string command, string summary) =>
        Assert.Equal(summary, RunLimits.Summary(Good with { Command = command }));

    [Fact]
    public void Summary_CutWithinACharacterOfTwoHalves_DropsBoth()
    {
        var summary = RunLimits.Summary(Good with { Command = new string('a', 198) + "😀😀" });
        Assert.Equal(new string('a', 198) + "…", summary);
    }

    [Fact]
    public void Summary_Anything_IsOneLineOfAtMost200Characters() =>
        Gen.Select(Gen.String[0, 400], Gen.Int[0, 2]).Sample((text, kind) =>
        {
            var summary = RunLimits.Summary(kind switch
            {
                0 => Good with { Command = text },
                1 => Good with { Command = null, Argv = [text, text] },
                _ => Good with { Command = null, Script = text },
            });
            Assert.True(summary.Length <= 200);
            Assert.DoesNotContain('\n', summary);
        });

    [Theory]
    [InlineData("#!/bin/sh\nuptime", "uptime")]
    [InlineData("#!/bin/sh\n\nset -e\nuptime", "set -e…")]
    [InlineData("#!/bin/sh", "#!/bin/sh")]
    public void Summary_OfAScript_IsWhatItDoesFirst(string script, string expected) =>
        Assert.Equal(expected, RunLimits.Summary(new CreateRun { Script = script }));
}
