using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Operone.Core.Files;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Mounts;

/// <summary>A real server of files on loopback, for all tests of a class; its files lie in a folder here.</summary>
[SupportedOSPlatform("linux")]
public abstract class FileServer : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private KeptProcess? _process;

    /// <summary>Why there is none here.</summary>
    public string? Missing { get; private set; }

    /// <summary>The folder that the server shows.</summary>
    public string Root => _temp["served"];

    /// <summary>A folder beside it, that it must not show.</summary>
    public string Outside => _temp["outside"];

    /// <summary>What a mount of it is.</summary>
    public WriteMount Mount { get; protected set; } = new("none", MountKind.Folder, "/");

    /// <summary>Whether its files can be links.</summary>
    public virtual bool HasLinks => true;

    protected string this[string name] => _temp[name];

    /// <summary>Where it listens.</summary>
    public int MountPort => Port;

    protected int Port { get; } = PostgresServer.FreePort();

    protected string PortText => Port.ToString(CultureInfo.InvariantCulture);

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Outside);
        await File.WriteAllTextAsync(Path.Combine(Outside, "secret"), "secret");
        if (NameOfProgram is { } program)
        {
            if (KeptProcess.Find(program) is not { } path)
            {
                Missing = $"there is no {program} on this machine";
                return;
            }

            _process = await KeptProcess.StartAsync(_temp["log"], Port, [path, .. await PrepareAsync()]);
        }
        else
        {
            await PrepareAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _temp.Dispose();
    }

    /// <summary>What serves; null for nothing.</summary>
    protected abstract string? NameOfProgram { get; }

    /// <summary>Sets <see cref="Mount"/>, and gives the program's arguments.</summary>
    protected abstract Task<string[]> PrepareAsync();

    /// <summary>Everybody may go through the test's folder: some servers do not serve as root.</summary>
    protected void Open()
    {
        File.SetUnixFileMode(_temp.Path, (UnixFileMode)Convert.ToInt32("755", 8));
        File.SetUnixFileMode(Root, (UnixFileMode)Convert.ToInt32("777", 8));
    }
}

/// <summary>A folder of the node.</summary>
[SupportedOSPlatform("linux")]
public sealed class NodeFolder : FileServer
{
    protected override string? NameOfProgram => null;

    protected override Task<string[]> PrepareAsync()
    {
        Mount = new("here", MountKind.Folder, Root, IsWritable: true);
        return Task.FromResult<string[]>([]);
    }
}

/// <summary>OpenSSH's server, by a key.</summary>
[SupportedOSPlatform("linux")]
public sealed class OpenSshServer : FileServer
{
    protected override string? NameOfProgram => "sshd";

    /// <summary>The fingerprint of its key.</summary>
    public string HostKey { get; private set; } = "";

    protected override async Task<string[]> PrepareAsync()
    {
        await KeptProcess.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", this["key"]);
        await KeptProcess.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", this["host"]);
        if (Environment.UserName == "root")
        {
            // the folder for privilege separation that the service's own start makes
            Directory.CreateDirectory("/run/sshd");
        }

        var blob = Convert.FromBase64String((await File.ReadAllTextAsync(this["host.pub"])).Split(' ')[1]);
        HostKey = "SHA256:" + Convert.ToBase64String(SHA256.HashData(blob)).TrimEnd('=');
        Mount = new(
            "ssh", MountKind.Sftp, $"sftp://127.0.0.1:{PortText}{Root}", Environment.UserName, HostKey, IsWritable: true, PrivateKey: await File.ReadAllTextAsync(this["key"]));
        return
        [
            "-D", "-e", "-f", "/dev/null", "-h", this["host"], "-o", $"ListenAddress=127.0.0.1:{PortText}", "-o", $"AuthorizedKeysFile={this["key"]}.pub",
            "-o", "PidFile=none", "-o", "Subsystem=sftp internal-sftp", "-o", "StrictModes=no", "-o", "UsePAM=no", "-o", "PermitRootLogin=prohibit-password",
            "-o", "MaxStartups=100", "-o", "LogLevel=ERROR",
        ];
    }
}

/// <summary>Apache's WebDAV, by a password.</summary>
[SupportedOSPlatform("linux")]
public sealed class ApacheServer : FileServer
{
    public const string Password = "apache pass:wörd";

    public override bool HasLinks => false;

    protected override string? NameOfProgram => "apache2";

    protected override async Task<string[]> PrepareAsync()
    {
        Open();
        Directory.CreateDirectory(this["locks"]);
        File.SetUnixFileMode(this["locks"], (UnixFileMode)Convert.ToInt32("777", 8));
#pragma warning disable CA5350 // how Apache's file of passwords has them
        await File.WriteAllTextAsync(this["users"], $"somebody:{{SHA}}{Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes(Password)))}\n");
#pragma warning restore CA5350
        string[] modules = ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "dav", "dav_fs"];
        await File.WriteAllTextAsync(this["conf"], $"""
            ServerRoot {this["locks"]}
            ServerName localhost
            PidFile {this["pid"]}
            Listen 127.0.0.1:{PortText}
            {string.Join('\n', modules.Select(m => $"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so"))}
            ErrorLog /dev/stderr
            LogLevel error
            StartServers 1
            {(Environment.UserName == "root" ? "User nobody\nGroup nogroup" : "")}
            DavLockDB {this["locks"]}/db
            DocumentRoot {this["locks"]}
            Alias /dav {Root}
            <Directory {Root}>
              Dav On
              AuthType Basic
              AuthName files
              AuthUserFile {this["users"]}
              Require valid-user
            </Directory>
            """.Replace("Alias /dav", "LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so\nAlias /dav", StringComparison.Ordinal));
        Mount = new("apache", MountKind.WebDav, $"http://127.0.0.1:{PortText}/dav", "somebody", IsWritable: true, Password: Password);
        return ["-f", this["conf"], "-DFOREGROUND"];
    }
}

/// <summary>rclone's WebDAV server, another implementation of it.</summary>
[SupportedOSPlatform("linux")]
public sealed class RcloneDavServer : FileServer
{
    public override bool HasLinks => false;

    protected override string? NameOfProgram => "rclone";

    protected override Task<string[]> PrepareAsync()
    {
        Mount = new("rclone", MountKind.WebDav, $"http://127.0.0.1:{PortText}/", "somebody", IsWritable: true, Password: "rclone-password");
        return Task.FromResult<string[]>(
            ["serve", "webdav", Root, "--config", "/dev/null", "--addr", $"127.0.0.1:{PortText}", "--user", "somebody", "--pass", "rclone-password", "--dir-cache-time", "1ms", "--vfs-cache-mode", "off"]);
    }
}
