using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>Extended attributes of what is listed.</summary>
internal static class DiskAttributes
{
    /// <summary>An entry with those of some names that it has.</summary>
    public static FileEntry WithAttributes(this IDisk disk, FilePlace place, FileEntry entry, IEnumerable<string> names)
    {
        if (entry.Kind is not (FileKind.File or FileKind.Folder))
        {
            return entry;
        }

        try
        {
            var all = disk.Stat(place, withAttributes: true).Attributes ?? new Dictionary<string, byte[]>();
            var found = names.Where(all.ContainsKey).ToDictionary(n => n, n => all[n], StringComparer.Ordinal);
            return found.Count == 0 ? entry : entry with { Attributes = found };
        }
        catch (FileFault)
        {
            // it is gone, or another one has its name by now: the entry is what was seen
            return entry;
        }
    }
}
