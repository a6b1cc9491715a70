using System.Diagnostics;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Devices;

public sealed class InstallTests : IDisposable
{
    private const string FakeOperone = """
        #!/bin/sh
        for argument; do printf '%s\n' "$argument"; done >>"$(dirname "$0")/calls"
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("operone-install-").FullName;

    public InstallTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "install.sh is for Unix");
        var agents = Directory.CreateDirectory(Path.Combine(_folder, "agents", Rid));
        File.WriteAllText(Path.Combine(agents.FullName, "operone"), FakeOperone);
    }

    private static string Rid =>
        (OperatingSystem.IsMacOS() ? "osx" : File.Exists("/etc/alpine-release") ? "linux-musl" : "linux")
        + (System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "-arm64" : "-x64");

    [Fact]
    public async Task InstallScript_PipedIntoSh_InstallsAndEnrolls()
    {
        await using var server = await StartAsync();
        var token = await server.CreateEnrollmentTokenAsync();
        var (status, output) = await ShellAsync($"{token.InstallCommand} --name 'my host' --label a=b --label 'c=d e' --no-service --bin-dir '{_folder}/bin'");
        Assert.True(status == 0, output);
        Assert.Equal(
            ["agent", "enroll", "--server", server.Url, "--token", token.Token!, "--name", "my host", "--label", "a=b", "--label", "c=d e"],
            await File.ReadAllLinesAsync(Path.Combine(_folder, "bin", "calls"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("", "--token is missing")]
    [InlineData("--token", "--token needs a value")]
    [InlineData("--token x --colour red", "unknown option: --colour")]
    public async Task InstallScript_WithWrongArguments_SaysWhichAndInstallsNothing(string arguments, string says)
    {
        await using var server = await StartAsync();
        var (status, output) = await ShellAsync($"curl -fsSL {server.Url}/install.sh | sh -s -- {arguments}");
        Assert.Equal(1, status);
        Assert.Contains(says, output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "bin")));
    }

    [Fact]
    public async Task InstallScript_WhereTheServerHasNoSuchAgent_SaysSo()
    {
        await using var server = await OperoneServer.StartAsync();
        var (status, output) = await ShellAsync($"curl -fsSL {server.Url}/install.sh | sh -s -- --token x --bin-dir '{_folder}/bin'");
        Assert.Equal(1, status);
        Assert.Contains("does the server serve this kind of machine?", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SelfSignedCertificate_IsPinnedInTheTokenAndCheckedByTheScript()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        var request = new CertificateRequest("CN=operone", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var file = Path.Combine(_folder, "certificate.pfx");
        await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pkcs12, "secret"), TestContext.Current.CancellationToken);
        await using var server = await StartAsync(new()
        {
            ["urls"] = "https://127.0.0.1:0",
            ["Kestrel:Certificates:Default:Path"] = file,
            ["Kestrel:Certificates:Default:Password"] = "secret",
        });

        using var client = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator });
        client.BaseAddress = new(server.Url);
        client.DefaultRequestHeaders.Authorization = new("Bearer", OperoneServer.OwnerToken);
        using var response = await client.PostAsJsonAsync("/api/v1/enrollment-tokens", new CreateEnrollmentToken("pinned"), TestContext.Current.CancellationToken);
        var token = (await response.Content.ReadFromJsonAsync<EnrollmentTokenView>(TestContext.Current.CancellationToken))!;
        var pin = System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
        Assert.EndsWith("." + pin, token.Token, StringComparison.Ordinal);

        var (status, output) = await ShellAsync($"{token.InstallCommand} --no-service --bin-dir '{_folder}/bin'");
        Assert.True(status == 0, output);
        Assert.Contains(token.Token!, await File.ReadAllLinesAsync(Path.Combine(_folder, "bin", "calls"), TestContext.Current.CancellationToken));

        // Another key is not taken.
        var other = token.InstallCommand!.Replace(Convert.ToBase64String(SHA256.HashData(key.ExportSubjectPublicKeyInfo())), Convert.ToBase64String(new byte[32]), StringComparison.Ordinal);
        Assert.NotEqual(token.InstallCommand, other);
        Assert.Contains("public key", (await ShellAsync(other.Replace("-fsSLk", "-fSLk", StringComparison.Ordinal))).Output, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<OperoneServer> StartAsync(Dictionary<string, string?>? settings = null)
    {
        settings ??= [];
        settings["Operone:AgentsDirectory"] = Path.Combine(_folder, "agents");
        return OperoneServer.StartAsync(settings: settings);
    }

    private static async Task<(int Status, string Output)> ShellAsync(string command)
    {
        var start = new ProcessStartInfo("sh", ["-c", $"{{ {command} ; }} 2>&1"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output);
    }
}
