using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Operone.Bench.Hosting;
using Operone.Bench.Simulation;
using Operone.Core.Channels;
using Operone.Core.Devices;
using Operone.Core.Shell;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>How much goes through a channel: what a command prints, streamed to a client, against bytes that are copied over TCP.</summary>
internal static class ChannelRate
{
    private const long Bytes = 2L << 30;
    private const int Rounds = 3;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = await context.StartServerAsync();
        var agent = (await context.StartAgentsAsync(server, 1))[0];
        await using var bare = await BareChannel.StartAsync();
        var folder = context.NewFolder("channel");
        var (whole, relayed, socket, tcp) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var (node, device) = (Proc.ProcessorTime(server.ProcessId), Proc.ProcessorTime(agent.ProcessId));
        await StreamAsync(context, server, 1 << 28); // one to warm up
        for (var round = 0; round < Rounds; round++)
        {
            // in turns, so that what else the machine does falls on all
            whole.Add(await RateAsync(() => StreamAsync(context, server, Bytes)));
            relayed.Add(await RateAsync(() => bare.RelayAsync(folder, Bytes, context.Cancellation)));
            socket.Add(await RateAsync(() => bare.SendAsync(Bytes, context.Cancellation)));
            tcp.Add(await RateAsync(() => CopyAsync(Bytes)));
        }

        var gigabytes = ((Rounds * Bytes) + (1 << 28)) / 1e9;
        var cpu = (Node: (Proc.ProcessorTime(server.ProcessId) - node).TotalSeconds / gigabytes, Agent: (Proc.ProcessorTime(agent.ProcessId) - device).TotalSeconds / gigabytes);
        var copy = TerminalBaselines.Median(tcp);
        string Of(List<double> rates) => Text($"{TerminalBaselines.Median(rates):0} MB/s, {TerminalBaselines.Median(rates) / copy:0.00} of a TCP copy");
        var baseline = Text($"a plain TCP copy on loopback: {copy:0} MB/s");
        return
        [
            new("a channel: from a local socket through an agent's relay to a server that takes 2 GiB", Of(relayed), "> 0.5 of a TCP copy", TerminalBaselines.Median(relayed) > copy / 2,
                Text($"{baseline}; its WebSocket without the relay: {Of(socket)}")),
            new("a streamed standard output of 2 GiB of zeros: command, host, agent, channel, node and client", Of(whole), "", null, baseline),
            new("of that, processor time of agent and node", Text($"{cpu.Agent:0.00} and {cpu.Node:0.00} s a GB"), "", null, ""),
        ];
    }

    private static async Task StreamAsync(BenchContext context, ServerProcess server, long bytes)
    {
        var run = await server.Api.CreateRunAsync(
            new CreateRun { Argv = ["head", "-c", bytes.ToString(CultureInfo.InvariantCulture), "/dev/zero"], Target = new RunTarget(["real-0"]), Stdout = StreamLimits.Word },
            waitSeconds: 0, context.Cancellation);
        using var response = await server.Http.GetAsync(
            new Uri($"/api/v1/runs/{run.Id}/executions/real-0/stdout", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, context.Cancellation);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(context.Cancellation);
        var buffer = new byte[ChannelLimits.BufferBytes];
        var count = 0;
        for (var left = bytes; (count = await body.ReadAsync(buffer, context.Cancellation)) > 0 || left > 0; left -= count)
        {
            if (count == 0 || count > left)
            {
                throw new InvalidOperationException($"{left} bytes were left, and {count} came.");
            }
        }
    }

    /// <summary>Two threads, two sockets, and as large a buffer as a channel's.</summary>
    private static async Task CopyAsync(long bytes)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var to = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await to.ConnectAsync(listener.LocalEndpoint);
        using var from = await listener.AcceptSocketAsync();
        await Task.WhenAll(
            Thread(() =>
            {
                var buffer = new byte[ChannelLimits.BufferBytes];
                for (var left = bytes; left > 0;)
                {
                    left -= to.Send(buffer, 0, (int)Math.Min(left, buffer.Length), SocketFlags.None);
                }
            }),
            Thread(() =>
            {
                var buffer = new byte[ChannelLimits.BufferBytes];
                for (var left = bytes; left > 0;)
                {
                    left -= from.Receive(buffer);
                }
            }));
    }

    private static Task Thread(Action act) => Task.Factory.StartNew(act, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task<double> RateAsync(Func<Task> carry)
    {
        var began = Stopwatch.GetTimestamp();
        await carry();
        return Bytes / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
