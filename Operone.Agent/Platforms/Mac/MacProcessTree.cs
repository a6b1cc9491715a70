using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Mac;

/// <summary>
/// Finds what descends from this process, by libproc. macOS has no subreaper: a descendant that detaches itself (double
/// fork) goes to launchd and is not found. Not run by our tests.
/// </summary>
[SupportedOSPlatform("macos")]
internal sealed unsafe partial class MacProcessTree : IProcessTree
{
    /// <inheritdoc/>
    public void KeepOrphans()
    {
        // macOS has nothing of the kind; said above
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Descendants()
    {
        var found = new List<int>();
        Collect(Environment.ProcessId, found);
        return found;
    }

    private static void Collect(int parent, List<int> found)
    {
        var pids = stackalloc int[1024];
        var count = ListChildren(parent, pids, 1024 * sizeof(int));
        for (var i = 0; i < count; i++)
        {
            found.Add(pids[i]);
            Collect(pids[i], found);
        }
    }

    [LibraryImport("libproc", EntryPoint = "proc_listchildpids")]
    private static partial int ListChildren(int parent, int* pids, int bytes);
}
