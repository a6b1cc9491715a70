using Microsoft.Win32.SafeHandles;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// The claim on an execution, from the host's side and from that of whoever wants to know whether the host lives. On Unix
/// the lock is flock(2), which <see cref="FileShare.None"/> takes and which ends with the process.
/// </summary>
internal sealed class HostClaim : IDisposable
{
    private readonly SafeFileHandle _file;

    private HostClaim(SafeFileHandle file) => _file = file;

    /// <summary>Claims an execution for this process, or gives null where another one has it or had it.</summary>
    /// <exception cref="IOException">The disk is full or the folder is gone.</exception>
    public static HostClaim? TryTake(ExecutionFolder folder)
    {
        SafeFileHandle file;
        try
        {
            // a file can be renamed away once, as a name can be made once: either way there is one who did it
            var mode = TryRename(folder) ? FileMode.Open : FileMode.CreateNew;
            file = File.OpenHandle(folder.Claimed, mode, FileAccess.Write, FileShare.None);
        }
        catch (IOException) when (File.Exists(folder.Claimed))
        {
            return null; // claimed before, or looked at in the moment in which it was not locked yet: whoever looked has ended it
        }

        if (File.Exists(folder.Ended))
        {
            file.Dispose();
            return null;
        }

        return new HostClaim(file);
    }

    /// <summary>Claims an execution whose host is dead, or gives null where another one has it by now.</summary>
    public static HostClaim? TryTakeAgain(ExecutionFolder folder)
    {
        // somebody who only looks has the lock for a moment
        for (var attempt = 0; attempt < 10; attempt++)
        {
            try
            {
                var file = File.OpenHandle(folder.Claimed, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                if (!File.Exists(folder.Ended))
                {
                    return new HostClaim(file) { IsAgain = true };
                }

                file.Dispose();
                return null;
            }
            catch (IOException)
            {
                Thread.Sleep(20);
            }
        }

        return null;
    }

    /// <summary>Whether another host had it before this one.</summary>
    public bool IsAgain { get; private init; }

    private static bool TryRename(ExecutionFolder folder)
    {
        if (!File.Exists(folder.Unclaimed))
        {
            return false;
        }

        try
        {
            File.Move(folder.Unclaimed, folder.Claimed, overwrite: true);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>
    /// Takes the lock of a claim whose host is dead. While it is held, no host can begin.
    /// </summary>
    /// <returns>The lock, or null where the host lives.</returns>
    public static IDisposable? TryTakeOver(ExecutionFolder folder)
    {
        try
        {
            return File.OpenHandle(folder.Claimed, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
