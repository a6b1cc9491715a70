using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Dav;

[SupportedOSPlatform("linux")]
public sealed class LitmusOnSqlite(SqliteFixture f) : LitmusTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class LitmusOnPostgres(PostgresFixture f) : LitmusTests(f), IClassFixture<PostgresFixture>;

/// <summary>The litmus suite of WebDAV servers against a folder of a real device.</summary>
[SupportedOSPlatform("linux")]
public abstract partial class LitmusTests(ServerFixture fixture) : FileScene(fixture)
{
    private const string Programs = "/usr/libexec/litmus";

    [Theory]
    [InlineData("basic", 16)]
    [InlineData("copymove", 13)]
    [InlineData("props", 30)]
    [InlineData("locks", 41)]
    [InlineData("http", 4)]
    public async Task Litmus_EachSuite_PassesWhole(string suite, int count)
    {
        Assert.SkipUnless(File.Exists($"{Programs}/{suite}"), "litmus is not installed: apt-get install litmus");
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["work"]);
        using var litmus = Process.Start(new ProcessStartInfo("litmus", ["-k", $"{Server.Url}/dav{Place}/", "anybody", OperoneServer.OwnerToken])
        {
            WorkingDirectory = temp["work"],
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TESTS"] = suite },
        })!;
        var errors = litmus.StandardError.ReadToEndAsync(Cancelled);
        var output = await litmus.StandardOutput.ReadToEndAsync(Cancelled);
        await litmus.WaitForExitAsync(Cancelled);
        output = $"{output.Replace("\r", "\n", StringComparison.Ordinal)}\n{await errors}";
        TestContext.Current.TestOutputHelper?.WriteLine(output);

        var summary = Summary().Match(output);
        Assert.True(summary.Success, output);
        Assert.True(summary.Groups["run"].Value == summary.Groups["passed"].Value && summary.Groups["failed"].Value == "0", output);
        Assert.Equal(count, int.Parse(summary.Groups["run"].Value, System.Globalization.CultureInfo.InvariantCulture));
        Assert.DoesNotContain("WARNING", output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"of (?<run>\d+) tests run: (?<passed>\d+) passed, (?<failed>\d+) failed")]
    private static partial Regex Summary();
}
