using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Operone.Tests.Hosting;

/// <summary>A Redis of a test's own, from the machine's binary. It ends with the test process, however that ends: its keeper waits for its standard input to close.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    // $1 the port
    private const string Keeper = """
        redis-server --port "$1" --bind 127.0.0.1 --save '' --appendonly no >/dev/null 2>&1 &
        redis=$!
        cat >/dev/null
        kill -KILL $redis
        """;

    private readonly int _port = PostgresServer.FreePort();
    private Process? _keeper;

    private RedisServer()
    {
    }

    /// <summary>How a node is told of it.</summary>
    public string Connection => $"127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)},connectTimeout=1000,connectRetry=1";

    /// <summary>Whether the machine has one.</summary>
    public static bool IsInstalled => !OperatingSystem.IsWindows()
        && (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    public static async Task<RedisServer> StartAsync()
    {
        var server = new RedisServer();
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Kills it: all that it knew is gone.</summary>
    public async Task KillAsync()
    {
        if (_keeper is { } keeper)
        {
            _keeper = null;
            keeper.StandardInput.Close();
            await keeper.WaitForExitAsync();
            keeper.Dispose();
        }
    }

    /// <summary>Starts it on the same port.</summary>
    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo("sh") { RedirectStandardInput = true, WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", Keeper, "keeper", _port.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        _keeper = Process.Start(start)!;
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(20))
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync("127.0.0.1", _port);
                return;
            }
            catch (SocketException) when (patience.Elapsed < TimeSpan.FromSeconds(30))
            {
                // not yet
            }
        }
    }

    public async ValueTask DisposeAsync() => await KillAsync();
}
