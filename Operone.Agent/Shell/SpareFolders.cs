using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>
/// Folders whose executions are over, kept to be used again. Making and deleting five files for each short command is
/// what such a command costs most: on ext4 without a journal a new file has to be looked for behind all that were
/// deleted in the last minute, which takes a quarter of a millisecond each.
/// </summary>
internal sealed class SpareFolders(string folder)
{
    private const string Prefix = "spare-";
    private const int MaxKept = 256;

    private readonly Lock _lock = new();
    private readonly Stack<string> _kept = new();
    private int _next;

    /// <summary>Whether a path is that of a spare folder.</summary>
    public static bool IsOne(string path) => Path.GetFileName(path).StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Keeps a folder, if there is room; if not, or if it is not as it should be, it is still to be deleted.</summary>
    public bool TryKeep(ExecutionFolder over)
    {
        ExecutionFolder spare;
        lock (_lock)
        {
            if (_kept.Count >= MaxKept)
            {
                return false;
            }

            spare = new ExecutionFolder($"{folder}/{Prefix}{_next++}");
        }

        try
        {
            over.MoveTo(spare);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            DeleteWhatIsLeft(spare);
            return false;
        }

        lock (_lock)
        {
            _kept.Push(spare.Path);
        }

        return true;
    }

    /// <summary>Makes a spare folder the one of an execution, if there is one.</summary>
    public bool TryUse(ExecutionFolder target, StartExecution request)
    {
        string? path;
        lock (_lock)
        {
            _kept.TryPop(out path);
        }

        if (path is null)
        {
            return false;
        }

        try
        {
            target.CreateFrom(new ExecutionFolder(path), request);
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            DeleteWhatIsLeft(new ExecutionFolder(path));
            return false;
        }
    }

    private static void DeleteWhatIsLeft(ExecutionFolder spare)
    {
        try
        {
            Directory.Delete(spare.Path, recursive: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // the next agent that starts here deletes it
        }
    }
}
