using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Shell.Host.Sandbox;

/// <summary>
/// Work folders that stay on the device. They lie next to the agent's state directory and not in it: whoever an isolated command
/// runs as must be able to get to its own, and nobody to the agent's key.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class KeptFolder
{
    /// <summary>Makes one, for its owner alone. Gives its path.</summary>
    /// <param name="folder">The execution's folder.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="execution">The execution.</param>
    /// <param name="mayBeThere">Whether an earlier start of the same command may have made it.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static string Make(ExecutionFolder folder, UnixUser owner, Guid execution, bool mayBeThere)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        var all = RootOf(folder);
        Directory.CreateDirectory(all, Private | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var path = $"{all}/{execution:N}";
        if (Directory.Exists(path))
        {
            return mayBeThere ? path : throw new IOException($"'{path}' is there already.");
        }

        Directory.CreateDirectory(path, Private);
        if (Libc.EffectiveUser() == 0 && UnixUsers.GiveTo(path, owner) is { } problem)
        {
            throw new IOException($"'{path}' cannot be given to its user: {problem}.");
        }

        return path;
    }

    /// <summary>Where they are: the state directory's path and <c>-work</c>.</summary>
    public static string RootOf(ExecutionFolder folder)
    {
        var executions = Path.GetDirectoryName(folder.Path)!;
        return (Path.GetFileName(executions) == "x" ? Path.GetDirectoryName(executions)! : executions) + "-work";
    }

    /// <summary>How much is in one, in bytes on the disk. Links are not followed.</summary>
    public static long Measure(string path)
    {
        var total = 0L;
        try
        {
            foreach (var file in new DirectoryInfo(path).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint }))
            {
                total += file.Exists ? file.Length : 0;
            }
        }
        catch (IOException)
        {
            // it changes while we look; the next look comes
        }

        return total;
    }
}
