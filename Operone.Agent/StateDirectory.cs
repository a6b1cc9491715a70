using System.Text;
using Operone.Agent.Shell;
using Operone.Core.Errors;

namespace Operone.Agent;

/// <summary>The one folder that holds all that an agent keeps. Several agents live on one machine by having several of them.</summary>
internal sealed class StateDirectory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private StateDirectory(string path) => Path = path;

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>Who the device is: server, id, audience, pin.</summary>
    public string Identity => System.IO.Path.Combine(Path, "identity.json");

    /// <summary>The device's private key, PKCS #8 in PEM.</summary>
    public string Key => System.IO.Path.Combine(Path, "device.key");

    /// <summary>Locked while an agent runs on this folder.</summary>
    public string Lock => System.IO.Path.Combine(Path, "agent.lock");

    /// <summary>How the agent is, for <c>operone agent status</c>.</summary>
    public string Status => System.IO.Path.Combine(Path, "status.json");

    /// <summary>What the hosts say when they break.</summary>
    public string HostLog => System.IO.Path.Combine(Path, "host.log");

    /// <summary>The executions, a folder each.</summary>
    public string Executions => System.IO.Path.Combine(Path, "x");

    /// <summary>The ids of executions that are over, see <see cref="Tombstones"/>.</summary>
    public string Over => System.IO.Path.Combine(Path, "over");

    /// <summary>Notes of unfinished uploads, a file each, see <see cref="Operone.Disk.Uploads"/>.</summary>
    public string Uploads => System.IO.Path.Combine(Path, "files");

    /// <summary>Touched whenever the server was heard of, while a command is on a lease.</summary>
    public string Heard => HeardIn(Path);

    /// <summary>The same file, in a state directory's path.</summary>
    public static string HeardIn(string path) => System.IO.Path.Combine(path, "heard");

    /// <summary>
    /// The folder that was asked for, else <c>OPERONE_STATE_DIR</c>, else <c>/var/lib/operone</c> for root and
    /// <c>~/.local/state/operone</c> for others (<c>%ProgramData%\Operone</c> on Windows). Nothing is made.
    /// </summary>
    public static Result<StateDirectory> Resolve(string? asked)
    {
        var named = string.IsNullOrEmpty(asked) ? Environment.GetEnvironmentVariable("OPERONE_STATE_DIR") : asked;
        var path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(string.IsNullOrEmpty(named) ? Default() : named));
        var socket = Encoding.UTF8.GetByteCount(new ExecutionFolder($"{path}/x/{Guid.Empty:N}").Socket);
        return socket < HostProtocol.MaxSocketPathBytes
            ? new StateDirectory(path)
            : new Error(
                ErrorKind.Invalid, "state-dir-too-long", "The path of the state directory is too long.",
                $"'{path}' has {Encoding.UTF8.GetByteCount(path)} bytes; there is room for {HostProtocol.MaxSocketPathBytes - 1 - (socket - Encoding.UTF8.GetByteCount(path))}, "
                + "because the sockets in it must fit into what the system allows. Choose a shorter one with --state-dir.");
    }

    /// <summary>Makes it, for its owner alone.</summary>
    public Result<Unit> Create()
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Executions);
            }
            else
            {
                Directory.CreateDirectory(Path, OwnerOnly);
                File.SetUnixFileMode(Path, OwnerOnly);
                Directory.CreateDirectory(Executions, OwnerOnly);
            }

            return Unit.Value;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return new Error(
                ErrorKind.Forbidden, "state-dir-not-writable", "The state directory cannot be written.",
                $"{problem.Message} Run as its owner, or choose another one with --state-dir or OPERONE_STATE_DIR.");
        }
    }

    private static string Default()
    {
        if (OperatingSystem.IsWindows())
        {
            return System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "Operone");
        }

        return Environment.IsPrivilegedProcess
            ? "/var/lib/operone"
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state", "operone");
    }
}
