using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class AuditForwardingTests(ServerFixture fixture) : ServerTests(fixture)
{
    [Fact]
    public async Task File_RotatedAndOverARestart_HasEachEntryOfTheChain()
    {
        var folder = Directory.CreateTempSubdirectory("operone-tests-");
        var path = Path.Combine(folder.FullName, "deeper", "audit.jsonl");
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:Audit:File"] = path });
        await NoteAsync(server, 600);
        await EventuallyAsync(() => Task.FromResult(Read(path).Count >= 600), "600 lines");

        // Moved away, as logrotate does.
        var rotated = path + ".1";
        File.Move(path, rotated);
        await NoteAsync(server, 10);
        await EventuallyAsync(() => Task.FromResult(Read(path).Count >= 10), "10 lines in a new file");

        // What is noted last is sent at the next start; a line that a crash has torn is ended.
        await NoteAsync(server, 5);
        await server.StopAsync();
        await File.AppendAllTextAsync(path, "{\"torn\":", Cancelled);
        await server.StartAgainAsync();
        await NoteAsync(server, 1);
        var end = await EndAsync(server);
        await EventuallyAsync(() => Task.FromResult(Read(path).LastOrDefault()?.Seq >= end), "the last entry");

        var all = Read(rotated).Concat(Read(path)).DistinctBy(e => e.Seq).OrderBy(e => e.Seq).ToList();
        var check = new AuditChainCheck(0, AuditChain.Beginning);
        Assert.All(all, e => Assert.Null(check.Next(e)));
        Assert.True(check.Seq >= end);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(path) & (UnixFileMode.OtherRead | UnixFileMode.GroupWrite));
        }

        await server.StopAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task SyslogOverTcp_ReceiverAwayAndBack_GetsEachEntryFramedAndInOrder()
    {
        var port = PostgresServer.FreePort();
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:Audit:Syslog"] = $"tcp://127.0.0.1:{port}" });
        await NoteAsync(server, 20);
        await EventuallyAsync(() => Task.FromResult(server.Log.Lines.Any(l => l.Contains("cannot be sent to syslog:tcp", StringComparison.Ordinal))), "the first failure");

        await using var receiver = new SyslogReceiver(port, null);
        await NoteAsync(server, 3, "line\nbreak \"quote\" ] \\");
        var messages = await receiver.TakeAsync(m => m.Count(x => x.Contains(" test.forward ", StringComparison.Ordinal)) >= 23);
        Assert.All(messages, m => Assert.Matches("^<(108|110)>1 \\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z \\S+ operone \\d+ \\S+ \\[audit@32473 seq=\"\\d+\" .* hash=\"[0-9a-f]{64}\"\\] \uFEFF", m));
        Assert.Equal(messages.Select(SeqOf).Order(), messages.Select(SeqOf));
        Assert.Contains("detail=\"line␊break \\\"quote\\\" \\] \\\\\"", messages[^1], StringComparison.Ordinal);
        Assert.EndsWith("\uFEFFtester was refused test.forward on 2", messages[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task SyslogOverTcp_ConnectionThatBreaks_GetsTheBatchAgain()
    {
        await using var receiver = new SyslogReceiver(0, null) { ResetsFirst = 2 };
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:Audit:Syslog"] = $"tcp://localhost:{receiver.Port}" });
        await NoteAsync(server, 5);
        var messages = await receiver.TakeAsync(m => m.Count(x => x.Contains(" test.forward ", StringComparison.Ordinal)) >= 5);
        Assert.Equal(1, SeqOf(messages[0]));
    }

    [Fact]
    public async Task SyslogOverTls_WithAnAuthorityOfItsOwn_IsSentEncrypted()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var authority = Path.GetTempFileName();
        await File.WriteAllTextAsync(authority, certificate.ExportCertificatePem(), Cancelled);

        await using var receiver = new SyslogReceiver(0, certificate);
        await using var server = await Fixture.StartAnotherAsync(new()
        {
            ["Operone:Audit:Syslog"] = $"tls://localhost:{receiver.Port}",
            ["Operone:Audit:SyslogAuthority"] = authority,
        });
        await NoteAsync(server, 3);
        await receiver.TakeAsync(m => m.Count(x => x.Contains(" test.forward ", StringComparison.Ordinal)) >= 3);
        File.Delete(authority);
    }

    [Fact]
    public async Task SyslogOverUdp_EachEntry_IsADatagram()
    {
        using var receiver = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        receiver.Client.ReceiveBufferSize = 1 << 20;
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:Audit:Syslog"] = $"udp://127.0.0.1:{((IPEndPoint)receiver.Client.LocalEndPoint!).Port}" });
        await NoteAsync(server, 3, string.Concat(Enumerable.Repeat("€", 1000)));
        for (var got = 0; got < 3;)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            patience.CancelAfter(TimeSpan.FromSeconds(15));
            var datagram = await receiver.ReceiveAsync(patience.Token);
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(datagram.Buffer);
            Assert.InRange(datagram.Buffer.Length, 1, 8192);
            got += text.Contains(" test.forward ", StringComparison.Ordinal) ? 1 : 0;
        }
    }

    protected static async Task NoteAsync(OperoneServer server, int count, string? detail = null)
    {
        var trail = server.Services.GetRequiredService<IAuditTrail>();
        for (var i = 0; i < count; i++)
        {
            await trail.NoteAsync(new Actor(null, "tester", Standing.None), "test.forward", $"{i}", allowed: false, detail, Cancelled);
        }
    }

    protected static async Task<long> EndAsync(OperoneServer server)
    {
        await using var db = server.OpenDatabase();
        return await db.Set<AuditHead>().Select(h => h.Seq).SingleAsync(Cancelled);
    }

    private static long SeqOf(string message) =>
        long.Parse(message.Split("seq=\"")[1].Split('"')[0], CultureInfo.InvariantCulture);

    private static List<AuditEntryView> Read(string path) => !File.Exists(path) ? [] :
        [.. File.ReadAllText(path).Split('\n').Where(l => l.EndsWith('}')).Select(l => JsonSerializer.Deserialize(l, OperoneJson.Default.AuditEntryView)!)];

    /// <summary>A syslog receiver over TCP as RFC 6587 (octet counting) and RFC 5425 have it.</summary>
    private sealed class SyslogReceiver : IAsyncDisposable
    {
        private readonly TcpListener _listener;
        private readonly X509Certificate2? _certificate;
        private readonly Channel<string> _messages = Channel.CreateUnbounded<string>();
        private readonly CancellationTokenSource _end = new();
        private readonly Task _accepting;

        public SyslogReceiver(int port, X509Certificate2? certificate)
        {
            _certificate = certificate;
            _listener = new(IPAddress.Loopback, port);
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _accepting = AcceptAsync();
        }

        public int Port { get; }

        /// <summary>How many connections it breaks before it takes one.</summary>
        public int ResetsFirst { get; set; }

        public async Task<List<string>> TakeAsync(Func<List<string>, bool> enough)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            patience.CancelAfter(TimeSpan.FromSeconds(30));
            var taken = new List<string>();
            while (!enough(taken))
            {
                taken.Add(await _messages.Reader.ReadAsync(patience.Token));
            }

            return taken;
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            _listener.Stop();
            await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _listener.Dispose();
            _end.Dispose();
        }

        private async Task AcceptAsync()
        {
            while (true)
            {
                using var client = await _listener.AcceptSocketAsync(_end.Token);
                if (ResetsFirst > 0)
                {
                    // A TcpClient would end its side in order first, which says that all was taken.
                    ResetsFirst--;
                    client.LingerState = new(true, 0);
                    continue;
                }

                Stream stream = new NetworkStream(client);
                if (_certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(_certificate);
                    stream = tls;
                }

                await using (stream)
                {
                    await ReadAsync(stream);
                }
            }
        }

        private async Task ReadAsync(Stream stream)
        {
            var one = new byte[1];
            while (true)
            {
                var length = 0;
                while (true)
                {
                    if (await stream.ReadAsync(one, _end.Token) == 0)
                    {
                        return;
                    }

                    if (one[0] == ' ')
                    {
                        break;
                    }

                    Assert.InRange(one[0], (byte)'0', (byte)'9');
                    length = (length * 10) + one[0] - '0';
                }

                var message = new byte[length];
                await stream.ReadExactlyAsync(message, _end.Token);
                _messages.Writer.TryWrite(Encoding.UTF8.GetString(message));
            }
        }
    }
}

public sealed class AuditForwardingOnSqlite(SqliteFixture fixture) : AuditForwardingTests(fixture), IClassFixture<SqliteFixture>;

public sealed class AuditForwardingOnPostgres(PostgresFixture fixture) : AuditForwardingTests(fixture), IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Note_DatabaseCutOffAgainAndAgain_LosesNothingAndDoublesNothing()
    {
        var (missing, direct) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        var connection = new NpgsqlConnectionStringBuilder(direct);
        await using var gate = new TcpGate(connection.Port);
        connection.Port = gate.Port;
        await using var server = await OperoneServer.StartAsync(connection.ToString());
        var noting = NoteAsync(server, 6000);
        for (var cut = 0; cut < 5; cut++)
        {
            await Task.Delay(150, Cancelled);
            await gate.ShutAsync();
            await Task.Delay(100, Cancelled);
            gate.Open();
        }

        await noting;
        await EventuallyAsync(() => Task.FromResult(server.Services.GetRequiredService<AuditTrail>().Waiting == 0), "nothing waits");
        var found = await EventuallyAsync(
            async () =>
            {
                var answer = await server.Owner.GetAsync("/api/v1/audit/verify", Cancelled);
                var verification = answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<AuditVerification>(Cancelled) : null;
                return verification?.Checked >= 6000 ? verification : null;
            },
            "all entries");
        Assert.Null(found.Break);
        await using var db = server.OpenDatabase();
        var targets = await db.Set<AuditEntry>().Where(e => e.Action == "test.forward").Select(e => e.Target).ToListAsync(Cancelled);
        Assert.Equal((6000, 6000), (targets.Count, targets.Distinct().Count()));
    }

    [Fact]
    public async Task TwoNodes_OnOneDatabase_AppendOneChainAndForwardItOnce()
    {
        var (missing, connection) = await PostgresServer.CreateDatabaseAsync();
        Assert.SkipWhen(missing is not null, missing ?? "");
        var folder = Directory.CreateTempSubdirectory("operone-tests-");
        var path = Path.Combine(folder.FullName, "audit.jsonl");
        Dictionary<string, string?> settings = new() { ["Operone:Audit:File"] = path };
        await using (var one = await OperoneServer.StartAsync(connection, settings))
        await using (var two = await OperoneServer.StartAsync(connection, settings))
        {
            await Task.WhenAll(NoteAsync(one, 1500), NoteAsync(two, 1500));
            await EventuallyAsync(async () => await EndAsync(one) >= 3000, "all entries");
            var found = await one.Services.GetRequiredService<AuditVerifier>().VerifyAsync(Actor.System, null, Cancelled);
            Assert.Null(found.Value.Break);
            Assert.True(found.Value.Checked >= 3000);

            await EventuallyAsync(() => Task.FromResult(File.Exists(path) && File.ReadLines(path).Count() >= 3000), "all lines");
            var lines = File.ReadAllLines(path);
            Assert.Equal(lines.Length, lines.Distinct().Count());
            Assert.Equal(Enumerable.Range(1, lines.Length).Select(i => (long)i), lines.Select(l => JsonSerializer.Deserialize(l, OperoneJson.Default.AuditEntryView)!.Seq));
        }

        folder.Delete(recursive: true);
    }
}
