using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Operone.Agent.Shell;

/// <summary>
/// The ids of executions that are over and whose folders are gone, so that a start message that comes late starts nothing. One file for
/// each hour, with an id a line; a file goes when it is 48 hours old, which is longer than any message is on its way.
/// </summary>
internal sealed partial class Tombstones(string folder, TimeProvider time, ILogger<Tombstones> logger)
{
    /// <summary>How long an id is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(48);

    private readonly Lock _lock = new();
    private readonly Dictionary<long, HashSet<Guid>> _hours = [];

    /// <summary>Reads what is kept.</summary>
    public void Load()
    {
        lock (_lock)
        {
            Directory.CreateDirectory(folder);
            foreach (var file in Directory.EnumerateFiles(folder))
            {
                if (long.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var hour))
                {
                    _hours[hour] = [.. File.ReadLines(file).Where(l => Guid.TryParseExact(l, "N", out _)).Select(l => Guid.ParseExact(l, "N"))];
                }
            }

            Prune(Hour());
        }
    }

    /// <summary>Whether an execution is over.</summary>
    public bool Has(Guid id)
    {
        lock (_lock)
        {
            foreach (var hour in _hours.Values)
            {
                if (hour.Contains(id))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>An execution is over.</summary>
    public void Add(Guid id)
    {
        lock (_lock)
        {
            var hour = Hour();
            if (!_hours.TryGetValue(hour, out var ids))
            {
                Prune(hour);
                _hours[hour] = ids = [];
            }

            if (!ids.Add(id))
            {
                return;
            }

            try
            {
                File.AppendAllText(FileOf(hour), $"{id:N}\n");
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                Log.NotStored(logger, id, problem.Message);
            }
        }
    }

    private void Prune(long now)
    {
        foreach (var hour in _hours.Keys.Where(h => h < now - (long)Kept.TotalHours).ToArray())
        {
            _hours.Remove(hour);
            File.Delete(FileOf(hour));
        }
    }

    private string FileOf(long hour) => Path.Combine(folder, hour.ToString(CultureInfo.InvariantCulture));

    private long Hour() => time.GetUtcNow().ToUnixTimeSeconds() / 3600;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "That execution {Id} is over could not be stored: {Problem}")]
        public static partial void NotStored(ILogger logger, Guid id, string problem);
    }
}
