using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Operone.Agent.Platforms.Windows;
using Xunit;

namespace Operone.Tests.Agent.Platforms;

/// <summary>Which program a name means on Windows. Pure, so that it is tested anywhere.</summary>
public sealed class WindowsProgramsTests
{
    private const string System32 = @"C:\Windows\System32";
    private const string OldPowerShell = @"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";
    private const string NewPowerShell = @"C:\Program Files\PowerShell\7\pwsh.exe";

    [Theory]
    [InlineData("cmd", @"C:\Windows\System32\cmd.exe")]
    [InlineData("cmd.exe", @"C:\Windows\System32\cmd.exe")]
    [InlineData("CMD.EXE", @"C:\Windows\System32\CMD.EXE")]
    [InlineData("npm", @"C:\node\npm.cmd")]
    [InlineData("python3.11", @"C:\node\python3.11.exe")]
    [InlineData(@".\own.exe", @"D:\here\.\own.exe")]
    [InlineData(@"sub/own", @"D:\here\sub/own.exe")]
    [InlineData(@"D:\here\own", @"D:\here\own.exe")]
    [InlineData("own", null)]
    [InlineData("nothing", null)]
    [InlineData(@"C:\Windows", null)]
    public void Find_Name_IsTheFileThatPathAndExtensionsSay(string name, string? file) => Assert.Equal(
        file,
        Of(@"C:\Windows\System32\cmd.exe", @"C:\node\npm.cmd", @"C:\node\python3.11.exe", @"D:\here\own.exe", @"D:\here\.\own.exe", @"D:\here\sub/own.exe", "own.exe")
            .Find(name, @"D:\here", $@"{System32};;.;""C:\node\""", ".COM;.EXE;.BAT;.CMD"));

    [Fact]
    public void Find_NoExtensionsGiven_TakesThoseThatWindowsHas() => Assert.Equal(@"C:\a\x.exe", Of(@"C:\a\x.exe").Find("x", @"C:\", @"C:\a", ""));

    [Theory]
    [InlineData(new[] { NewPowerShell, OldPowerShell }, NewPowerShell)]
    [InlineData(new[] { OldPowerShell }, OldPowerShell)]
    [InlineData(new string[0], @"C:\Windows\System32\cmd.exe")]
    public void DefaultShell_WhatThereIs_IsTheBestOfIt(string[] files, string shell) => Assert.Equal(
        shell, Of(files).DefaultShell($@"{System32};C:\Program Files\PowerShell\7\", @"C:\Windows", @"C:\Windows\System32\cmd.exe"));

    [Fact]
    public void DefaultShell_NothingIsKnown_IsTheCommandLine() => Assert.Equal(@"C:\Windows\System32\cmd.exe", Of().DefaultShell(null, null, null));

    [Theory]
    [InlineData(@"C:\Windows\System32\cmd.exe", 3)]
    [InlineData(@"C:\Windows\System32\CMD.EXE", 3)]
    [InlineData(OldPowerShell, 5)]
    [InlineData(NewPowerShell, 5)]
    [InlineData("pwsh", 5)]
    [InlineData(@"C:\Program Files\Git\bin\bash.exe", 1)]
    public void ShellArguments_Shell_SpeaksUtf8WhereItCanBeToldTo(string shell, int count)
    {
        var arguments = WindowsPrograms.ShellArguments(shell);

        Assert.Equal(shell, arguments[0]);
        Assert.Equal(count, arguments.Count);
    }

    /// <summary>The sizes that Windows' own headers give (processthreadsapi.h, wincon.h), on a system of 64 bits.</summary>
    [Fact]
    public void PseudoConsole_Structures_HaveTheSizesOfWindows()
    {
        Assert.SkipUnless(nint.Size == 8, "a system of 64 bits");
#pragma warning disable CA1416 // numbers alone
        Assert.Equal(112, Unsafe.SizeOf<PseudoConsole.StartupInfo>());
        Assert.Equal(60, Marshal.OffsetOf<PseudoConsole.StartupInfo>(nameof(PseudoConsole.StartupInfo.Flags)));
        Assert.Equal(80, Marshal.OffsetOf<PseudoConsole.StartupInfo>(nameof(PseudoConsole.StartupInfo.StandardInput)));
        Assert.Equal(104, Marshal.OffsetOf<PseudoConsole.StartupInfo>(nameof(PseudoConsole.StartupInfo.Attributes)));
        Assert.Equal(24, Unsafe.SizeOf<PseudoConsole.ProcessInformation>());
        Assert.Equal(22u, PseudoConsole.PseudoConsoleAttribute & 0xFFFF);
        Assert.Equal(0x0018_0050u, PseudoConsole.Size(80, 24));
#pragma warning restore CA1416
    }

    private static WindowsPrograms Of(params string[] files) => new(file => files.Contains(file, StringComparer.OrdinalIgnoreCase));
}
