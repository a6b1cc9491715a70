using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Operone.Core.Shell;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Journeys;

/// <summary>Many terminals on one device: all open, all answer, all end, and none costs much.</summary>
public sealed class ManyTerminalsTests
{
    private const int Count = 200;

    [Fact]
    public async Task Terminals_TwoHundredOnOneDevice_AllOpenAnswerAndEnd()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var scene = await Scene.StartAsync("web-1");
        var terminals = new List<TerminalView>();
        foreach (var batch in Enumerable.Range(0, Count).Chunk(10))
        {
            terminals.AddRange(await Task.WhenAll(batch.Select(_ => scene.Server.Api.PostAsync<TerminalView>(
                "/api/v1/terminals", new CreateTerminal { Device = "web-1", Argv = ["/bin/sh"] }, cancel))));
        }

        var seats = new List<ClientWebSocket>();
        try
        {
            foreach (var terminal in terminals)
            {
                seats.Add(await AttachAsync(scene.Server, terminal.Id));
            }

            await Task.WhenAll(seats.Select((seat, i) => AnswersAsync(seat, i, cancel)));
            var hosts = Hosts(scene.Agents[0].StateDirectory);
            Assert.True(hosts.Count >= Count, $"{hosts.Count}");
            var each = hosts.Sum(h => Kilobytes(h, "Pss:")) / hosts.Count;
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"an idle terminal's host: {each} kB of its own share (PSS), {hosts.Sum(h => Kilobytes(h, "Rss:")) / hosts.Count} kB resident"));
            Assert.True(each < 16 * 1024, $"{each} kB");

            await Task.WhenAll(seats.Select(seat => seat.SendAsync("exit\n"u8.ToArray(), WebSocketMessageType.Binary, true, cancel)));
            await Task.WhenAll(seats.Select(seat => UntilAsync(seat, null, cancel)));
            foreach (var terminal in terminals)
            {
                await ApiClient.UntilAsync(
                    async () => (await scene.Server.Api.GetAsync<TerminalView>($"/api/v1/terminals/{terminal.Id}", cancel)).Status == ExecutionStatus.Succeeded,
                    TimeSpan.FromSeconds(60), "a terminal has ended", cancel);
            }

            await ApiClient.UntilAsync(() => Task.FromResult(Hosts(scene.Agents[0].StateDirectory).Count < 10), TimeSpan.FromSeconds(30), "their hosts have gone", cancel);
        }
        finally
        {
            seats.ForEach(s => s.Dispose());
        }
    }

    private static async Task<ClientWebSocket> AttachAsync(ServerProcess server, Guid id)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {ServerProcess.ApiToken}");
        await socket.ConnectAsync(new Uri($"{server.Url.Replace("http", "ws", StringComparison.Ordinal)}/api/v1/terminals/{id}/attach?columns=80&rows=24"), TestContext.Current.CancellationToken);
        return socket;
    }

    private static async Task AnswersAsync(ClientWebSocket seat, int number, CancellationToken cancel)
    {
        await seat.SendAsync(Encoding.ASCII.GetBytes($"echo answer-$(({number}+1000))\n"), WebSocketMessageType.Binary, true, cancel);
        await UntilAsync(seat, $"answer-{number + 1000}", cancel);
    }

    /// <summary>Reads until a text was printed; null for until the end.</summary>
    private static async Task UntilAsync(ClientWebSocket seat, string? text, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(120));
        var buffer = new byte[16 * 1024];
        var printed = "";
        while (text is null || !printed.Contains(text, StringComparison.Ordinal))
        {
            var got = await seat.ReceiveAsync(buffer, patience.Token);
            if (got.MessageType == WebSocketMessageType.Close)
            {
                Assert.Null(text);
                return;
            }

            printed += got.MessageType == WebSocketMessageType.Binary ? Encoding.UTF8.GetString(buffer, 0, got.Count) : "";
        }
    }

    /// <summary>The hosts of an agent: processes of the agent's program with its state directory in their environment, other than itself.</summary>
    private static List<string> Hosts(string stateDirectory) =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), CultureInfo.InvariantCulture, out _)
            && Read($"{p}/cmdline").Contains("operone\0host", StringComparison.Ordinal)
            && Read($"{p}/environ").Contains($"OPERONE_STATE_DIR={stateDirectory}\0", StringComparison.Ordinal)),
    ];

    private static long Kilobytes(string process, string name) =>
        Read($"{process}/smaps_rollup").Split('\n').FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) : 0;

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
