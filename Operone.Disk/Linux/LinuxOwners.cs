using System.Collections.Concurrent;
using System.Globalization;

namespace Operone.Disk.Linux;

/// <summary>The names of users, or of groups, from the file that has them (passwd(5), group(5)), read again when it has changed.</summary>
internal sealed class LinuxOwners(string file)
{
    private readonly Lock _lock = new();
    private Names _names = new([], [], default, default);

    /// <summary>The name of a number; the number where it has none.</summary>
    public string NameOf(uint id)
    {
        var names = Read();
        return names.ById.TryGetValue(id, out var name) ? name : names.Numbers.GetOrAdd(id, static id => id.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The number of a name, or of a number; null where there is none.</summary>
    public uint? IdOf(string name) =>
        Read().ByName.TryGetValue(name, out var id) ? id
        : uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != uint.MaxValue ? number : null;

    /// <summary>The sixth field of a user's line: the home.</summary>
    public string? HomeOf(uint id) =>
        ReadLines().Select(l => l.Split(':')).FirstOrDefault(f => f.Length > 5 && f[2] == id.ToString(CultureInfo.InvariantCulture))?[5];

    private Names Read()
    {
        var names = _names;
        var now = Environment.TickCount64;
        if (names.CheckedAt != 0 && now - names.CheckedAt < 1000)
        {
            return names;
        }

        lock (_lock)
        {
            var changed = File.GetLastWriteTimeUtc(file);
            if (_names.CheckedAt != 0 && _names.ChangedAt == changed)
            {
                return _names = _names with { CheckedAt = now };
            }

            var byId = new Dictionary<uint, string>();
            var byName = new Dictionary<string, uint>(StringComparer.Ordinal);
            foreach (var line in ReadLines())
            {
                var fields = line.Split(':');
                if (fields.Length > 2 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                {
                    byId.TryAdd(id, fields[0]);
                    byName.TryAdd(fields[0], id);
                }
            }

            return _names = new Names(byId, byName, changed, now);
        }
    }

    private string[] ReadLines()
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private sealed record Names(Dictionary<uint, string> ById, Dictionary<string, uint> ByName, DateTime ChangedAt, long CheckedAt)
    {
        public ConcurrentDictionary<uint, string> Numbers { get; } = new();
    }
}
