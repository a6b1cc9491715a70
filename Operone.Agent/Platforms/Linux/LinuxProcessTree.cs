using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Platforms.Linux;

/// <summary>Finds what descends from this process, by <c>/proc</c> (proc(5)).</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class LinuxProcessTree : IProcessTree
{
    private const int SetChildSubreaper = 36;

    /// <inheritdoc/>
    /// <remarks>prctl(2), PR_SET_CHILD_SUBREAPER: a descendant whose parent dies becomes a child of this process, not of init.</remarks>
    public void KeepOrphans() => Libc.Check(Prctl(SetChildSubreaper, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)");

    /// <inheritdoc/>
    public IReadOnlyList<int> Descendants()
    {
        var children = new Dictionary<int, List<int>>();
        Span<byte> buffer = stackalloc byte[512];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(folder.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && ParentOf(folder, buffer) is { } parent)
            {
                if (!children.TryGetValue(parent, out var list))
                {
                    children[parent] = list = [];
                }

                list.Add(pid);
            }
        }

        var found = new List<int>();
        Collect(Environment.ProcessId);
        return found;

        void Collect(int parent)
        {
            foreach (var child in children.GetValueOrDefault(parent) ?? [])
            {
                found.Add(child);
                Collect(child);
            }
        }
    }

    /// <summary>The parent of a process that lives; a zombie has no need of a signal.</summary>
    private static int? ParentOf(string folder, Span<byte> buffer)
    {
        try
        {
            using var file = File.OpenHandle(folder + "/stat", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var text = buffer[..RandomAccess.Read(file, buffer, 0)];
            // "pid (name) state ppid ...": the name may hold anything, so what counts comes after the last bracket
            var rest = text[(text.LastIndexOf((byte)')') + 2)..];
            if (rest.Length < 4)
            {
                return null;
            }

            var number = rest[2..];
            return System.Buffers.Text.Utf8Parser.TryParse(number, out int parent, out _) ? parent : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null; // it ended while we looked
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Prctl(int option, nuint a, nuint b, nuint c, nuint d);
}
