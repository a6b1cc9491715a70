using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell.Streams;

/// <summary>Streamed standard input and output through the whole of it: a client, a real node, real agents, real commands.</summary>
[SupportedOSPlatform("linux")]
public abstract class StreamTests(ServerFixture fixture) : ServerTests(fixture), IAsyncLifetime
{
    private const int Large = 100_000_000;

    private readonly TempFolder _temp = new();
    private readonly string _device = $"s-{Guid.NewGuid():N}"[..16];
    private AgentUnderTest? _agent;

    public async ValueTask InitializeAsync() => _agent = await AgentUnderTest.EnrolAndRunAsync(Server, _temp["s"], _device);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _agent!.DisposeAsync();
        _temp.Dispose();
    }

    private async Task<RunView> CreateAsync(string command, bool stdin = true, bool stdout = false, Func<CreateRun, CreateRun>? with = null)
    {
        var request = new CreateRun
        {
            Command = command,
            Target = new RunTarget([_device]),
            Stdin = stdin ? StreamLimits.Word : null,
            Stdout = stdout ? StreamLimits.Word : null,
        };
        using var response = await Server.Owner.PostAsJsonAsync("/api/v1/runs", with is null ? request : with(request), OperoneJson.Default.CreateRun, Cancelled);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync(OperoneJson.Default.RunView, Cancelled))!;
    }

    private string Path(RunView run, string what) => $"/api/v1/runs/{run.Id}/executions/{_device}/{what}";

    private async Task<(HttpStatusCode Status, StdinView? View, string Text)> PutAsync(RunView run, HttpContent body, long? offset = null, HttpClient? client = null)
    {
        using var response = await (client ?? Server.Owner).PutAsync(new Uri(Path(run, "stdin") + (offset is { } at ? $"?offset={at}" : ""), UriKind.Relative), body, Cancelled);
        var text = await response.Content.ReadAsStringAsync(Cancelled);
        return (response.StatusCode, response.IsSuccessStatusCode ? System.Text.Json.JsonSerializer.Deserialize(text, OperoneJson.Default.StdinView) : null, text);
    }

    private async Task<RunView> EndAsync(RunView run) =>
        (await Server.Owner.GetFromJsonAsync($"/api/v1/runs/{run.Id}?waitSeconds=60", OperoneJson.Default.RunView, Cancelled))!;

    private static void AssertSucceeded(RunView run) =>
        Assert.True(run.Status == RunStatus.Succeeded, string.Join("; ", run.Executions!.Select(e => $"{e.Status} {e.ExitCode} {e.Reason}")));

    private static byte[] Pattern(int seed, int length)
    {
        var bytes = new byte[length];
#pragma warning disable CA5394 // the same bytes each time; nothing secret
        new Random(seed).NextBytes(bytes);
#pragma warning restore CA5394
        return bytes;
    }

    [Fact]
    public async Task Stdin_Put_ArrivesWholeAndEndsWithTheBody()
    {
        var run = await CreateAsync("sha256sum | cut -c1-64");
        var body = new PatternContent(Large);
        var (status, view, text) = await PutAsync(run, body);
        Assert.True(status == HttpStatusCode.OK, text);
        Assert.Equal((Large, true, null), (view!.Offset, view.Ended, view.Reason));
        var ended = await EndAsync(run);
        Assert.Equal(ExecutionStatus.Succeeded, ended.Executions![0].Status);
        Assert.Equal(body.Hash, (await Server.Owner.GetStringAsync(Path(run, "stdout"), Cancelled)).Trim(), ignoreCase: true);
        Assert.Equal("stream", ended.Request!.Stdin);
    }

    [Fact]
    public async Task Stdin_OfASlowCommand_IsHeldBackAndNotKeptAnywhere()
    {
        // longer than a connection that says nothing is taken for alive
        var run = await CreateAsync("read line; sleep 40; wc -c");
        using var patient = Server.Client(OperoneServer.OwnerToken);
        patient.Timeout = TimeSpan.FromMinutes(3);
        var (status, view, text) = await PutAsync(run, new PatternContent(20_000_000, lineFirst: true), client: patient);
        Assert.True(status == HttpStatusCode.OK, text);
        Assert.Equal(20_000_000, view!.Offset);
        AssertSucceeded(await EndAsync(run));
    }

    [Theory]
    [InlineData("head -c 10 >/dev/null; exec <&-; sleep 0.3; exit 0", true)]
    [InlineData("head -c 10 >/dev/null; exec <&-; sleep 0.3; exit 0", false)]
    [InlineData("head -c 10 >/dev/null", true)]
    public async Task Stdin_OfACommandThatStopsReading_IsAnsweredWhileTheClientStillSends(string command, bool isLengthKnown)
    {
        const int length = 50_000_000;
        for (var i = 0; i < 5; i++)
        {
            var run = await CreateAsync(command);
            using HttpContent body = isLengthKnown ? new ByteArrayContent(Pattern(3, length)) : new PatternContent(length);
            var (status, view, text) = await PutAsync(run, body);
            Assert.True(status == HttpStatusCode.OK, text);
            Assert.True(view!.Ended);
            Assert.Matches("stopped reading|has ended", view.Reason);
            Assert.True(view.Offset < length);
            AssertSucceeded(await EndAsync(run));
        }
    }

    [Fact]
    public async Task Stdin_OfACommandThatStopsReading_FromAClientThatNeverEnds_IsAnsweredAtOnce()
    {
        var run = await CreateAsync("head -c 10 >/dev/null");
        using var client = new TcpClient();
        var address = Server.Owner.BaseAddress!;
        await client.ConnectAsync(address.Host, address.Port, Cancelled);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"PUT {Path(run, "stdin")} HTTP/1.1\r\nHost: {address.Authority}\r\n"
            + $"Authorization: Bearer {OperoneServer.OwnerToken}\r\nContent-Length: 1000000000000\r\n\r\n"), Cancelled);
        using var body = new PatternContent(1_000_000_000_000);
        var sending = body.CopyToAsync(stream, Cancelled);
        using var answer = new StreamReader(stream, leaveOpen: true);
        Assert.Equal("HTTP/1.1 200 OK", await answer.ReadLineAsync(Cancelled));
        Assert.False(sending.IsCompleted);
        string? line;
        var isClosing = false;
        while ((line = await answer.ReadLineAsync(Cancelled)) is { Length: > 0 })
        {
            isClosing |= line == "Connection: close";
        }

        Assert.True(isClosing);
        AssertSucceeded(await EndAsync(run));
        client.Close();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
    }

    [Fact]
    public async Task Stdin_BrokenOff_GoesOnAtTheOffset()
    {
        var run = await CreateAsync("sha256sum | cut -c1-64");
        var all = Pattern(4, 3_000_000);
        Task<StdinView> Taken(long bytes) => EventuallyAsync(async () => await Server.Owner.GetFromJsonAsync(Path(run, "stdin"), OperoneJson.Default.StdinView, Cancelled)
            is { } at && at.Offset >= bytes ? at : null, "some of it has arrived", 30);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => PutAsync(run, new BreakingContent(all.AsMemory(0, 1_000_000), () => Taken(500_000))));
        var found = await Taken(500_000);
        Assert.False(found.Ended);

        using var gap = await Server.Owner.PutAsync(new Uri($"{Path(run, "stdin")}?offset=2500000", UriKind.Relative), new ByteArrayContent([1]), Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, gap.StatusCode);
        Assert.EndsWith("/stdin-gap", (await OperoneServer.ReadProblemAsync(gap)).Type, StringComparison.Ordinal);

        // begins before what the device has: that much is skipped
        var (status, view, text) = await PutAsync(run, new ByteArrayContent(all[500_000..]), offset: 500_000);
        Assert.True(status == HttpStatusCode.OK, text);
        Assert.Equal(3_000_000, view!.Offset);
        AssertSucceeded(await EndAsync(run));
        Assert.Equal(Convert.ToHexString(SHA256.HashData(all)), (await Server.Owner.GetStringAsync(Path(run, "stdout"), Cancelled)).Trim(), ignoreCase: true);
    }

    [Fact]
    public async Task Stdout_Streamed_ComesWholeAndIsNotKept()
    {
        var run = await CreateAsync($"head -c {Large} /dev/zero | tr '\\0' x; echo done >&2; exit 3", stdin: false, stdout: true);
        using var response = await Server.Owner.GetAsync(new Uri(Path(run, "stdout"), UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
        var (buffer, total) = (new byte[65536], 0L);
        int count;
        while ((count = await body.ReadAsync(buffer, Cancelled)) > 0)
        {
            Assert.Equal(-1, buffer.AsSpan(0, count).IndexOfAnyExcept((byte)'x'));
            total += count;
        }

        Assert.Equal(Large, total);
        var execution = (await EndAsync(run)).Executions![0];
        Assert.Equal((ExecutionStatus.Failed, 3, 0L, 5L), (execution.Status, execution.ExitCode, execution.StdoutBytes, execution.StderrBytes));
        using var again = await Server.Owner.GetAsync(new Uri(Path(run, "stdout"), UriKind.Relative), Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
    }

    [Fact]
    public async Task Streams_BothWays_CarryALineBackBeforeTheInputEnds()
    {
        var run = await CreateAsync("while read x; do echo got $x; done; echo end", stdout: true);
        var pipe = new System.IO.Pipelines.Pipe();
        var putting = PutAsync(run, new LiveContent(pipe.Reader.AsStream()));
        using var response = await Server.Owner.GetAsync(new Uri(Path(run, "stdout"), UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        for (var i = 0; i < 3; i++)
        {
            await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes($"line-{i}\n"), Cancelled);
            Assert.Equal($"got line-{i}", await lines.ReadLineAsync(Cancelled));
        }

        await pipe.Writer.CompleteAsync();
        Assert.Equal("end", await lines.ReadLineAsync(Cancelled));
        Assert.Null(await lines.ReadLineAsync(Cancelled));
        Assert.Equal(HttpStatusCode.OK, (await putting).Status);
        AssertSucceeded(await EndAsync(run));
    }

    [Fact]
    public async Task Stdout_ReaderLost_EndsAsFailedAndSaysHowMuchHadGone()
    {
        var run = await CreateAsync("yes", stdin: false, stdout: true);
        using (var response = await Server.Owner.GetAsync(new Uri(Path(run, "stdout"), UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancelled))
        {
            await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
            await body.ReadExactlyAsync(new byte[1000], Cancelled);
        }

        var execution = (await EndAsync(run)).Executions![0];
        Assert.Equal(ExecutionStatus.Failed, execution.Status);
        Assert.Matches("^The connection that took its output was lost after [1-9][0-9]* bytes", execution.Reason);
    }

    [Fact]
    public async Task Stdout_AgentKilled_IsAbortedAndSaysSo()
    {
        var run = await CreateAsync("yes", stdin: false, stdout: true);
        using var response = await Server.Owner.GetAsync(new Uri(Path(run, "stdout"), UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
        await body.ReadExactlyAsync(new byte[1000], Cancelled);
        await _agent!.KillAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(Stream.Null, Cancelled));
        await _agent.DisposeAsync();
        _agent = AgentUnderTest.Run(_temp["s"]);
        var execution = (await EndAsync(run)).Executions![0];
        Assert.Equal(ExecutionStatus.Failed, execution.Status);
        Assert.Contains("was lost after", execution.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stdout_WithSecrets_IsMaskedWhereverTheyAreCut()
    {
        var name = $"e{_device}";
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/environments",
            new WriteEnvironment(name, Secrets: new Dictionary<string, string?> { ["PASSWORD"] = "tops3cret-word" }), OperoneJson.Default.WriteEnvironment, Cancelled);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
        var run = await CreateAsync("printf 'a tops3'; sleep 0.3; printf 'cret-word b '; echo $PASSWORD; printf tops3", stdin: false, stdout: true,
            r => r with { Environments = [name] });
        Assert.Equal("a *** b ***\ntops3", await Server.Owner.GetStringAsync(Path(run, "stdout"), Cancelled));
        AssertSucceeded(await EndAsync(run));
    }

    [Fact]
    public async Task Streams_OfARunThatHasNone_AreRefusedWithWords()
    {
        var run = await CreateAsync("sleep 1", stdin: false);
        using var put = await Server.Owner.PutAsync(new Uri(Path(run, "stdin"), UriKind.Relative), new ByteArrayContent([1]), Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, put.StatusCode);
        Assert.EndsWith("/not-streamed", (await OperoneServer.ReadProblemAsync(put)).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stdin_OfSomebodyElsesRun_IsNotTheirsToFeed()
    {
        var run = await CreateAsync("cat");
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var client = await Server.ClientAsync(person);
        Assert.Equal(HttpStatusCode.Forbidden, (await PutAsync(run, new ByteArrayContent([1]), client: client)).Status);
        using var _ = await Server.Owner.PostAsync(new Uri($"/api/v1/runs/{run.Id}/cancel", UriKind.Relative), null, Cancelled);
        Assert.Equal(ExecutionStatus.Cancelled, (await EndAsync(run)).Executions![0].Status);
    }

    [Fact]
    public async Task Stdin_OfAnOfflineDevice_IsRefusedWithWords()
    {
        var name = $"off-{_device}"[..18];
        await Server.EnrollAsync(name);
        var run = await CreateAsync("cat", with: r => r with { Target = new RunTarget([name]) });
        using var put = await Server.Owner.PutAsync(new Uri($"/api/v1/runs/{run.Id}/executions/{name}/stdin", UriKind.Relative), new ByteArrayContent([1]), Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, put.StatusCode);
        Assert.EndsWith("/device-offline", (await OperoneServer.ReadProblemAsync(put)).Type, StringComparison.Ordinal);
    }
}

/// <summary>A body of so many bytes, made while it is sent, and its hash.</summary>
internal sealed class PatternContent(long length, bool lineFirst = false) : HttpContent
{
    /// <summary>SHA-256, once all of it has been sent.</summary>
    public string Hash { get; private set; } = "";

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[65536];
        RandomNumberGenerator.Fill(block);
        if (lineFirst)
        {
            block[0] = (byte)'\n';
        }

        for (var left = length; left > 0;)
        {
            var count = (int)Math.Min(left, block.Length);
            hash.AppendData(block, 0, count);
            await stream.WriteAsync(block.AsMemory(0, count));
            left -= count;
        }

        Hash = Convert.ToHexString(hash.GetHashAndReset());
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = 0;
        return false;
    }
}

/// <summary>A body whose bytes go as they come.</summary>
internal sealed class LiveContent(Stream from) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var buffer = new byte[4096];
        int count;
        while ((count = await from.ReadAsync(buffer)) > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count));
            await stream.FlushAsync();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

/// <summary>A body that breaks off after what it has.</summary>
internal sealed class BreakingContent(ReadOnlyMemory<byte> data, Func<Task> before) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(data);
        await stream.FlushAsync();
        await before();
        throw new IOException("The client broke off.");
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = 0;
        return false;
    }
}

[SupportedOSPlatform("linux")]
public sealed class StreamTestsOnSqlite(SqliteFixture f) : StreamTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class StreamTestsOnPostgres(PostgresFixture f) : StreamTests(f), IClassFixture<PostgresFixture>;
