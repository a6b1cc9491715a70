using System.Globalization;
using System.Net.Sockets;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>The same by OpenSSH, with a server of our own on a loopback port.</summary>
internal sealed class OpenSsh
{
    private const string Server = "/usr/sbin/sshd";

    private readonly BenchContext _context;
    private readonly string[] _client;
    private readonly string _folder;
    private readonly ChildProcess _daemon;

    private OpenSsh(BenchContext context, string folder, string[] client, ChildProcess daemon) =>
        (_context, _folder, _client, _daemon) = (context, folder, client, daemon);

    private static string Target => $"{Environment.UserName}@127.0.0.1";

    /// <summary>Starts a server; null where there is none here.</summary>
    public static async Task<OpenSsh?> StartAsync(BenchContext context)
    {
        if (!File.Exists(Server))
        {
            return null;
        }

        var folder = context.NewFolder("ssh");
        var key = Path.Combine(folder, "key");
        var host = Path.Combine(folder, "host");
        var port = Published.FreePort().ToString(CultureInfo.InvariantCulture);
        await Spawn.OnceAsync(context.Cancellation, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key);
        await Spawn.OnceAsync(context.Cancellation, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host);
        if (Environment.UserName == "root")
        {
            // The folder for privilege separation that the service's own start makes.
            Directory.CreateDirectory("/run/sshd");
        }

        string[] server =
        [
            "-D", "-e", "-f", "/dev/null", "-h", host, "-o", $"ListenAddress=127.0.0.1:{port}", "-o", $"AuthorizedKeysFile={key}.pub",
            "-o", "PidFile=none", "-o", "Subsystem=sftp internal-sftp", "-o", "StrictModes=no", "-o", "UsePAM=no", "-o", "PermitRootLogin=prohibit-password",
            // Else bash reads the user's .bashrc for each command, and that is what would be measured.
            "-o", "SetEnv=SHLVL=5",
        ];
        var daemon = context.Own(ChildProcess.Start(Server, server, Path.Combine(folder, "sshd.log")));
        await ListensAsync(port, context.Cancellation);
        string[] client =
        [
            "-F", "/dev/null", "-i", key, "-p", port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
        ];
        return new(context, folder, client, daemon);
    }

    /// <summary>The times of `true` over a connection that is open, in words, or why there are none.</summary>
    public static async Task<string> MeasureAsync(BenchContext context, int count)
    {
        if (await StartAsync(context) is not { } ssh)
        {
            return "not measured, there is no sshd here";
        }

        var control = Path.Combine(ssh._folder, "c");
        string[] client = [.. ssh._client, "-S", control];
        var master = context.Own(ChildProcess.Start("ssh", [.. client, "-M", "-N", Target], Path.Combine(ssh._folder, "ssh.log")));
        for (var i = 0; !File.Exists(control); i++)
        {
            if (i == 100 || master.HasEnded)
            {
                return $"not measured: {master.LogTail(2)} {ssh._daemon.LogTail(2)}".ReplaceLineEndings(" ");
            }

            await context.PauseAsync(0.1);
        }

        var samples = await Samples.TakeAsync(count, 20, () => Spawn.OnceAsync(context.Cancellation, "ssh", [.. client, Target, "true"]));
        await master.StopAsync(TimeSpan.FromSeconds(5));
        await ssh.StopAsync();
        return samples.ToString();
    }

    /// <summary>Sits down at a terminal of <c>ssh -tt</c>, with a connection of its own.</summary>
    public PipedTerminal Open(string command) => new("ssh", [.. _client, "-tt", Target, command]);

    /// <summary>Copies by <c>scp</c>; a place on the server is <c>remote:/path</c>.</summary>
    public Task CopyAsync(params string[] arguments) => Spawn.OnceAsync(
        _context.Cancellation, "scp", [.. _client.Select(a => a == "-p" ? "-P" : a), .. arguments.Select(a => a.Replace("remote:", $"{Target}:", StringComparison.Ordinal))]);

    /// <summary>Ends the server.</summary>
    public Task StopAsync() => _daemon.StopAsync(TimeSpan.FromSeconds(5));

    private static async Task ListensAsync(string port, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 100; i++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync("127.0.0.1", int.Parse(port, CultureInfo.InvariantCulture), cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
    }
}
