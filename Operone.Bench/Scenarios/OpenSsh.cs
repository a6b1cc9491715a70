using System.Globalization;
using System.Net.Sockets;
using Operone.E2E.Hosting;

namespace Operone.Bench.Scenarios;

/// <summary>The same by OpenSSH over a connection that is already open, with a server of our own on a loopback port.</summary>
internal static class OpenSsh
{
    private const string Server = "/usr/sbin/sshd";

    /// <summary>Its times in words, or why there are none.</summary>
    public static async Task<string> MeasureAsync(BenchContext context, int count)
    {
        if (!File.Exists(Server))
        {
            return "not measured, there is no sshd here";
        }

        var folder = context.NewFolder("ssh");
        var key = Path.Combine(folder, "key");
        var host = Path.Combine(folder, "host");
        var control = Path.Combine(folder, "c");
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
            "-o", "PidFile=none", "-o", "StrictModes=no", "-o", "UsePAM=no", "-o", "PermitRootLogin=prohibit-password",
            // Else bash reads the user's .bashrc for each command, and that is what would be measured.
            "-o", "SetEnv=SHLVL=5",
        ];
        var daemon = context.Own(ChildProcess.Start(Server, server, Path.Combine(folder, "sshd.log")));
        await ListensAsync(port, context.Cancellation);
        string[] client =
        [
            "-F", "/dev/null", "-i", key, "-p", port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-S", control,
        ];
        var target = $"{Environment.UserName}@127.0.0.1";
        var master = context.Own(ChildProcess.Start("ssh", [.. client, "-M", "-N", target], Path.Combine(folder, "ssh.log")));
        for (var i = 0; !File.Exists(control); i++)
        {
            if (i == 100 || master.HasEnded)
            {
                return $"not measured: {master.LogTail(2)} {daemon.LogTail(2)}".ReplaceLineEndings(" ");
            }

            await context.PauseAsync(0.1);
        }

        var samples = await Samples.TakeAsync(count, 20, () => Spawn.OnceAsync(context.Cancellation, "ssh", [.. client, target, "true"]));
        await master.StopAsync(TimeSpan.FromSeconds(5));
        await daemon.StopAsync(TimeSpan.FromSeconds(5));
        return samples.ToString();
    }

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
