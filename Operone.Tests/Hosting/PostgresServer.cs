using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Operone.Web.Data;

namespace Operone.Tests.Hosting;

/// <summary>
/// A PostgreSQL server of the test process's own, from the machine's binaries, started when first asked for. The server
/// refuses root, so that as root it runs as another user. It ends with the test process, however that ends: its keeper
/// waits for its standard input to close.
/// </summary>
internal static class PostgresServer
{
    // $1 the binaries, $2 the folder, $3 the port
    private const string Keeper = """
        set -e
        "$1/initdb" -D "$2/data" -U operone -A trust -E UTF8 --locale=C --no-sync >/dev/null
        "$1/postgres" -D "$2/data" -p "$3" -k "$2" -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off \
          -c max_connections=300 -c shared_buffers=64MB >"$2/log" 2>&1 &
        postgres=$!
        cat >/dev/null
        kill -QUIT $postgres
        wait $postgres || true
        rm -rf "$2"
        """;

    private static readonly Lazy<Task<(string? Missing, string? Connection)>> Started = new(StartAsync);
    private static readonly Lazy<Task<string>> Prepared = new(PrepareAsync);
    private const int FirstPort = 20_000;
    private const int Ports = 12_000;
    private static int _lastPort = Random.Shared.Next();
    private static Process? _keeper;

    /// <summary>A new database with its tables; or why there is none.</summary>
    public static async Task<(string? Missing, string? Connection)> CreateDatabaseAsync()
    {
        var (missing, server) = await Started.Value;
        return missing is null ? (null, await CreateAsync(server!, await Prepared.Value)) : (missing, null);
    }

    /// <summary>A new database with nothing in it; or why there is none.</summary>
    public static async Task<(string? Missing, string? Connection)> CreateEmptyDatabaseAsync()
    {
        var (missing, server) = await Started.Value;
        return missing is null ? (null, await CreateAsync(server!, "template0")) : (missing, null);
    }

    private static async Task<string> CreateAsync(string server, string template)
    {
        var name = "t" + Guid.NewGuid().ToString("N");
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"CREATE DATABASE {name} TEMPLATE {template}";
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = true, MaxPoolSize = 20 }.ToString();
    }

    /// <summary>
    /// Makes the tables once: new databases are copies. That takes longer than all the rest of a node's start, and hundreds
    /// of nodes are started here.
    /// </summary>
    private static async Task<string> PrepareAsync()
    {
        var made = new NpgsqlConnectionStringBuilder(await CreateAsync((await Started.Value).Connection!, "template0")) { Pooling = false };
        await using var db = new PostgresDb(new DbContextOptionsBuilder<PostgresDb>().UseNpgsql(made.ToString()).Options);
        await db.Database.MigrateAsync();
        return made.Database!;
    }

    private static async Task<(string? Missing, string? Connection)> StartAsync()
    {
        if (OperatingSystem.IsWindows())
        {
            return ("PostgreSQL is started on Unix only", null);
        }

        if (FindBinaries() is not { } binaries)
        {
            return ("PostgreSQL is not installed: neither /usr/lib/postgresql/*/bin/postgres nor postgres on PATH (apt-get install postgresql)", null);
        }

        var folder = Directory.CreateTempSubdirectory("operone-pg-").FullName;
        var port = FreePort();
        string[] keeper = ["sh", "-c", Keeper, "keeper", binaries, folder, port.ToString(System.Globalization.CultureInfo.InvariantCulture)];
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardError = true, WorkingDirectory = folder };
        if (Environment.IsPrivilegedProcess)
        {
            var user = File.ReadLines("/etc/passwd").Any(l => l.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";
            using var chown = Process.Start("chown", [user, folder]);
            await chown.WaitForExitAsync();
            keeper = ["runuser", "-u", user, "--", .. keeper];
        }

        start.FileName = keeper[0];
        foreach (var argument in keeper.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        _keeper = Process.Start(start)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            _keeper.StandardInput.Close();
            _keeper.WaitForExit(10_000);
        };

        var connection = $"Host=127.0.0.1;Port={port};Username=operone;Database=postgres;Pooling=false;Timeout=15";
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(60);)
        {
            if (_keeper.HasExited)
            {
                return ($"PostgreSQL does not start: {await _keeper.StandardError.ReadToEndAsync()}", null);
            }

            try
            {
                await using var probe = new NpgsqlConnection(connection);
                await probe.OpenAsync();
                return (null, connection);
            }
            catch (NpgsqlException)
            {
                await Task.Delay(50);
            }
        }

        return ($"PostgreSQL does not answer after 60 s; its log is {folder}/log", null);
    }

    private static string? FindBinaries()
    {
        var versions = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        var folders = versions.OrderByDescending(v => double.TryParse(Path.GetFileName(v), System.Globalization.CultureInfo.InvariantCulture, out var n) ? n : 0)
            .Select(v => Path.Combine(v, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries));
        return folders.FirstOrDefault(f => File.Exists(Path.Combine(f, "postgres")) && File.Exists(Path.Combine(f, "initdb")));
    }

    /// <summary>
    /// A port of the loopback address that nobody listens on, and that is given once: below those that the system gives to connections, one of which
    /// would else be there while a test has shut its door.
    /// </summary>
    internal static int FreePort()
    {
        while (true)
        {
            var port = FirstPort + (int)((uint)Interlocked.Increment(ref _lastPort) % Ports);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // the next one
            }
        }
    }
}
