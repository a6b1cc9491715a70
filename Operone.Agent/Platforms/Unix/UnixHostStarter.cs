using System.Collections;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Unix;

/// <summary>Starts hosts on Linux and macOS: by posix_spawn, with a socket as their standard input.</summary>
/// <param name="command">The program and its first arguments, see <see cref="OwnProgram"/>.</param>
/// <param name="errorFile">Where what they write to standard output and error goes.</param>
[UnsupportedOSPlatform("windows")]
internal sealed class UnixHostStarter(IReadOnlyList<string> command, string errorFile) : IHostStarter
{
    // a socket is inheritable for no longer than this is held, so no host gets another one's
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<string> _arguments = [.. command, "host"];
    private readonly IReadOnlyList<string> _environment =
        [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(v => $"{v.Key}={v.Value}")];

    /// <inheritdoc/>
    public Socket? StartWaiting()
    {
        lock (_lock)
        {
            try
            {
                using var errors = File.OpenHandle(errorFile, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
                return Start((int)errors.DangerousGetHandle());
            }
            catch (Win32Exception problem)
            {
                throw new IOException($"The device could not start a process: {problem.Message}.", problem);
            }
        }
    }

    /// <inheritdoc/>
    public void StartFor(string folder) => throw new NotSupportedException("Hosts wait for their folders here.");

    private Socket Start(int errors)
    {
        var (ours, theirs) = Libc.MakeSocketPair();
        var error = UnixSpawn.Start(command[0], _arguments, _environment, "/", theirs, errors, errors, out _);
        Libc.Close(theirs);
        if (error != 0)
        {
            Libc.Close(ours);
            throw new IOException($"The device could not start a process: {Libc.Describe(error)}.");
        }

        return new Socket(new SafeSocketHandle(ours, ownsHandle: true));
    }
}
