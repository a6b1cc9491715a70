using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Operone.Agent.Connection;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Channels;

/// <summary>Channels of a real agent over TLS, to a server whose certificate it knows by its pin.</summary>
[SupportedOSPlatform("linux")]
public sealed class ChannelOverTlsTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly ConcurrentQueue<(string Protocol, string Connection)> _channels = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Channels_OverTls_ShareOneHttp2Connection()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var server = await OperoneServer.StartAsync(configure: builder =>
        {
            builder.Services.AddSingleton<IStartupFilter>(new Watcher(_channels));
            builder.WebHost.ConfigureKestrel(kestrel =>
            {
                kestrel.Listen(IPAddress.Loopback, 0);
                kestrel.Listen(IPAddress.Loopback, 0, tls => tls.UseHttps(certificate));
            });
        });
        var secure = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(a => a.StartsWith("https", StringComparison.Ordinal));
        var token = await server.CreateEnrollmentTokenAsync();
        var pinned = $"{token.Token!.Split('.')[0]}.{ServerTrust.PinOf(certificate)}";
        var (code, _, error) = await AgentUnderTest.CallAsync(_temp["s"], "enroll", "--server", secure, "--token", pinned, "--name", "web-1");
        Assert.True(code == 0, error);
        await using var agent = AgentUnderTest.Run(_temp["s"]);
        await server.WaitForOnlineAsync("web-1");

        for (var i = 0; i < 3; i++)
        {
            using var made = await server.Owner.PostAsJsonAsync(
                "/api/v1/terminals", new CreateTerminal { Device = "web-1", Argv = ["sh", "-c", "echo here-$((40+2)); read x"] }, OperoneJson.Default.CreateTerminal, TestContext.Current.CancellationToken);
            var id = (await made.Content.ReadFromJsonAsync(OperoneJson.Default.TerminalView, TestContext.Current.CancellationToken))!.Id;
            await using var seat = await TerminalSeat.TakeAsync(server, id);
            await seat.SeesAsync("here-42");
            await seat.TypeAsync("\n");
            await seat.EndsAsync();
        }

        Assert.Equal(3, _channels.Count);
        Assert.All(_channels, c => Assert.Equal("HTTP/2", c.Protocol));
        Assert.Single(_channels.Select(c => c.Connection).Distinct());
    }

    /// <summary>Notes by which protocol and connection channels come.</summary>
    private sealed class Watcher(ConcurrentQueue<(string Protocol, string Connection)> channels) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, go) =>
            {
                if (context.Request.Path.StartsWithSegments("/channels"))
                {
                    channels.Enqueue((context.Request.Protocol, context.Connection.Id));
                }

                return go(context);
            });
            next(app);
        };
    }
}
