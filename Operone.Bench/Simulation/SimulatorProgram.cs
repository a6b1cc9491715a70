using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Operone.Core.Connection;
using Operone.Core.Devices;

namespace Operone.Bench.Simulation;

/// <summary>
/// The simulators' process: <c>sim URL TOKEN COUNT</c>. It takes commands as lines: <c>status</c> is answered with
/// <c>online executions failures</c> as three numbers; <c>telemetry on</c>; the end of the input ends it.
/// </summary>
internal static class SimulatorProgram
{
    /// <summary>So many enrol, and so many connect for the first time, at once.</summary>
    private const int AtOnce = 32;

    /// <summary>Pings are spread over the pause between two of one agent.</summary>
    private const int PingSlots = 50;

    private static volatile bool _telemetry;
    private static int _failures;
    private static string _lastFailure = "none";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var server = new Uri(arguments[0]);
        var (token, count) = (arguments[1], int.Parse(arguments[2], CultureInfo.InvariantCulture));
        using var stop = new CancellationTokenSource();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = AtOnce }) { BaseAddress = server };
        using var sockets = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(15) });
        var agents = new ConcurrentBag<SimulatedAgent>();
        var hub = new UriBuilder(server) { Scheme = server.Scheme == "https" ? "wss" : "ws", Path = ProtocolVersion.HubPath }.Uri;
        using var first = new SemaphoreSlim(AtOnce);

        var lives = new ConcurrentBag<Task>();
        var joining = Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop.Token }, async (number, cancel) =>
        {
            var agent = token == SimulatedFleet.NoToken
                ? new SimulatedAgent(number, key: null, Guid.NewGuid(), audience: "")
                : await EnrollAsync(http, token, number, cancel);
            agents.Add(agent);
            await first.WaitAsync(cancel);
            lives.Add(LiveAsync(agent, hub, sockets, stop.Token));
            while (!agent.IsOnline)
            {
                await Task.Delay(5, cancel);
            }

            first.Release();
        });
        var beating = BeatAsync(agents, stop.Token);

        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == "telemetry on")
            {
                _telemetry = true;
            }
            else if (joining.IsFaulted)
            {
                await Console.Out.WriteLineAsync($"-1 0 0 {joining.Exception.InnerException!.Message.ReplaceLineEndings(" ")}");
            }
            else
            {
                await Console.Out.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture, $"{agents.Count(a => a.IsOnline)} {agents.Sum(a => a.Executions)} {_failures} {_lastFailure}"));
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll([joining, beating, .. lives]).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(10));
        return 0;
    }

    private static async Task<SimulatedAgent> EnrollAsync(HttpClient http, string token, int number, CancellationToken cancellationToken)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new EnrollRequest(
            token, $"simulated-{number}", new Dictionary<string, string> { ["kind"] = "simulated" }, Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()));
        using var response = await http.PostAsJsonAsync("/api/v1/agents/enroll", request, OperoneJson.Default.EnrollRequest, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"Enrolment: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }

        var reply = (await response.Content.ReadFromJsonAsync(OperoneJson.Default.EnrollReply, cancellationToken))!;
        return new(number, key, reply.DeviceId, reply.Audience);
    }

    /// <summary>Connects for ever, with the pauses of the real agent: 1 s to a bound that doubles up to 30 s, evenly spread.</summary>
    private static async Task LiveAsync(SimulatedAgent agent, Uri hub, HttpMessageInvoker sockets, CancellationToken cancellationToken)
    {
        var bound = 1.0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var began = TimeProvider.System.GetTimestamp();
            try
            {
                await agent.ConnectAsync(hub, sockets, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                Interlocked.Increment(ref _failures);
                _lastFailure = e.Message.ReplaceLineEndings(" ");
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(10))
            {
                bound = 1;
            }

            bound = Math.Min(bound * 2, 30);
#pragma warning disable CA5394 // spreads load, keeps no secret
            await Task.Delay(TimeSpan.FromSeconds(1 + (Random.Shared.NextDouble() * (bound - 1))), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
#pragma warning restore CA5394
        }
    }

    private static async Task BeatAsync(ConcurrentBag<SimulatedAgent> agents, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds((double)ProtocolVersion.PingSeconds / PingSlots));
        for (var slot = 0; await timer.WaitForNextTickAsync(cancellationToken); slot++)
        {
            var index = 0;
            foreach (var agent in agents)
            {
                index++;
                if (!agent.IsOnline)
                {
                    continue;
                }

                try
                {
                    if (index % PingSlots == slot % PingSlots)
                    {
                        await agent.PingAsync(cancellationToken);
                    }

                    // Telemetry goes every 10 s, so every second time.
                    if (_telemetry && index % (2 * PingSlots) == slot % (2 * PingSlots))
                    {
                        await agent.SendTelemetryAsync(cancellationToken);
                    }
                }
                catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or ObjectDisposedException or InvalidOperationException or IOException)
                {
                    // The connection ended; its reader sees that too, and connects again.
                }
            }
        }
    }
}
