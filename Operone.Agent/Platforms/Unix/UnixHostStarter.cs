using System.Collections;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Unix;

/// <summary>Starts hosts on Linux and macOS: by posix_spawn, with a socket as their standard input.</summary>
/// <param name="command">The program and its first arguments, see <see cref="OwnProgram"/>.</param>
/// <param name="errorFile">Where what they write to standard output and error goes.</param>
[UnsupportedOSPlatform("windows")]
internal sealed class UnixHostStarter(IReadOnlyList<string> command, string errorFile) : IHostStarter
{
    // a socket is made inheritable for no longer than this is held, so no host gets another one's
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<string> _arguments = [.. command, "host"];
    private readonly IReadOnlyList<string> _environment =
        [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(v => $"{v.Key}={v.Value}")];

    /// <inheritdoc/>
    public Socket Start()
    {
        lock (_lock)
        {
            using var errors = File.OpenHandle(errorFile, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            var (ours, theirs) = Libc.MakeSocketPair();
            try
            {
                var log = (int)errors.DangerousGetHandle();
                var error = UnixSpawn.Start(command[0], _arguments, _environment, "/", theirs, log, log, out _);
                if (error != 0)
                {
                    Libc.Close(ours);
                    throw new IOException($"The device could not start a process: {Libc.Describe(error)}.");
                }

                return new Socket(new SafeSocketHandle(ours, ownsHandle: true));
            }
            finally
            {
                Libc.Close(theirs);
            }
        }
    }
}
