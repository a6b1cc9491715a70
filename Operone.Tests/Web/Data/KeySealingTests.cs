using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Operone.Tests.Hosting;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Data;

/// <summary>The keys that seal cookies: shared by the nodes of one database, and not in clear where a certificate is given.</summary>
public sealed class KeySealingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("operone-keys-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cookie_OfOneNode_IsGoodAtAnotherOfTheSameDatabase(bool isSealed)
    {
        var (missing, connection) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        var settings = isSealed ? Sealed() : [];
        await using var one = await OperoneServer.StartAsync(connection, settings);
        await using var two = await OperoneServer.StartAsync(connection, settings);
        using var here = await TestBrowser.SignedInAsync(one);
        using var there = new TestBrowser(two);
        foreach (Cookie cookie in here.Cookies.GetAllCookies())
        {
            there.Cookies.Add(new Uri(two.Url), new Cookie(cookie.Name, cookie.Value));
        }

        using var answer = await there.Client.GetAsync("/devices", Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        // A form that one node gave out is taken by the other, too.
        using var stranger = new TestBrowser(one);
        var form = await stranger.ReadHiddenAsync("/sign-in");
        (form["Email"], form["Password"]) = (OperoneServer.OwnerEmail, OperoneServer.OwnerPassword);
        using var elsewhere = new TestBrowser(two);
        foreach (Cookie cookie in stranger.Cookies.GetAllCookies())
        {
            elsewhere.Cookies.Add(new Uri(two.Url), new Cookie(cookie.Name, cookie.Value));
        }

        using var signedIn = await elsewhere.Client.PostAsync("/sign-in", new FormUrlEncodedContent(form), Cancelled);
        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Keys_WithACertificate_AreNotInClear(bool pem)
    {
        await using var server = await OperoneServer.StartAsync(settings: Sealed(pem));
        using var console = await TestBrowser.SignedInAsync(server);
        var keys = await KeysAsync(server);
        Assert.NotEmpty(keys);
        Assert.All(keys, xml =>
        {
            Assert.Contains("EncryptedData", xml, StringComparison.Ordinal);
            Assert.DoesNotContain("<masterKey", xml, StringComparison.Ordinal);
        });
        await server.StopAsync();
        await server.StartAgainAsync();
        using var answer = await console.Client.GetAsync("/devices", Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(keys, await KeysAsync(server));
    }

    [Fact]
    public async Task Keys_FromBeforeTheCertificate_AreSealedAndStillGood()
    {
        await using var server = await OperoneServer.StartAsync();
        using var console = await TestBrowser.SignedInAsync(server);
        Assert.Contains(await KeysAsync(server), xml => xml.Contains("<masterKey", StringComparison.Ordinal));
        await server.StopAsync();
        foreach (var (key, value) in Sealed())
        {
            server.Set(key, value);
        }

        for (var start = 0; start < 2; start++)
        {
            await server.StartAgainAsync();
            Assert.All(await KeysAsync(server), xml => Assert.DoesNotContain("<masterKey", xml, StringComparison.Ordinal));
            using var answer = await console.Client.GetAsync("/devices", Cancelled);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await server.StopAsync();
        }
    }

    [Fact]
    public async Task Keys_AfterTheCertificateIsRenewed_AreStillGood()
    {
        await using var server = await OperoneServer.StartAsync(settings: Sealed());
        using var console = await TestBrowser.SignedInAsync(server);
        await server.StopAsync();
        server.Set("Operone:DataProtection:OldCertificateFile", Path.Combine(_folder, "keys.pfx"));
        server.Set("Operone:DataProtection:CertificateFile", WriteCertificate("new.pfx"));
        await server.StartAgainAsync();
        using var answer = await console.Client.GetAsync("/devices", Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public void Certificate_ThatCannotBeUsed_IsSaidByKey()
    {
        var elliptic = Path.Combine(_folder, "ec.pem");
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        using (var certificate = new CertificateRequest("CN=keys", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1)))
        {
            File.WriteAllText(elliptic, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        }

        WriteCertificate("keys.pfx");
        File.WriteAllText(Path.Combine(_folder, "wrong"), "wrong\n");
        foreach (var (file, password) in ((string, string?)[])[("/does/not/exist.pfx", null), (elliptic, null), (Path.Combine(_folder, "keys.pfx"), Path.Combine(_folder, "wrong"))])
        {
            var app = Operone.Web.Program.Build([$"--Operone:DataProtection:CertificateFile={file}", $"--Operone:DataProtection:PasswordFile={password}"]);
            var problem = Assert.Single(Startup.FindProblems(app.Services));
            Assert.StartsWith("Operone:DataProtection:CertificateFile: ", problem, StringComparison.Ordinal);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Dictionary<string, string?> Sealed(bool pem = false)
    {
        var file = WriteCertificate(pem ? "keys.pem" : "keys.pfx");
        return new() { ["Operone:DataProtection:CertificateFile"] = file, ["Operone:DataProtection:PasswordFile"] = Path.Combine(_folder, "password") };
    }

    private string WriteCertificate(string name)
    {
        var file = Path.Combine(_folder, name);
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=keys", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(_folder, "password"), "of the file\n");
        if (name.EndsWith(".pem", StringComparison.Ordinal))
        {
            File.WriteAllText(file, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        }
        else
        {
            File.WriteAllBytes(file, certificate.Export(X509ContentType.Pkcs12, "of the file"));
        }

        return file;
    }

    private static async Task<List<string>> KeysAsync(OperoneServer server)
    {
        await using var db = server.OpenDatabase();
        return await db.Set<DataProtectionKey>().OrderBy(k => k.Id).Select(k => k.Xml!).ToListAsync(Cancelled);
    }
}
