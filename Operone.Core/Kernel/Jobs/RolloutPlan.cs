using System.Globalization;

namespace Operone.Core.Kernel.Jobs;

/// <summary>A device as a rollout sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its labels.</param>
public sealed record RolloutDevice(Guid Id, string Name, IReadOnlyDictionary<string, string> Labels);

/// <summary>In which order devices come, in which batches, and when it stops. The same devices give the same plan.</summary>
/// <param name="Batches">The devices of each batch in order; canaries are the first.</param>
/// <param name="AtOnce">How many of a batch are at work at the same time.</param>
/// <param name="StopAfter">How many failures stop it; null for none.</param>
/// <param name="Pause">How long to wait after a batch.</param>
public sealed record RolloutPlan(IReadOnlyList<IReadOnlyList<RolloutDevice>> Batches, int AtOnce, int? StopAfter, TimeSpan Pause)
{
    /// <summary>Makes the plan of a definition that was checked.</summary>
    public static RolloutPlan Of(JobRollout? rollout, IEnumerable<RolloutDevice> devices)
    {
        ArgumentNullException.ThrowIfNull(devices);
        var ordered = (rollout?.OrderBy is { } label
            ? devices.OrderBy(d => d.Labels.ContainsKey(label) ? 0 : 1).ThenBy(d => d.Labels.GetValueOrDefault(label), StringComparer.Ordinal).ThenBy(d => d.Name, StringComparer.OrdinalIgnoreCase)
            : devices.OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase)).ThenBy(d => d.Id).ToArray();
        var count = ordered.Length;
        var batches = new List<IReadOnlyList<RolloutDevice>>();
        var canaries = Math.Min(rollout?.Canary ?? 0, count);
        if (canaries > 0)
        {
            batches.Add(ordered[..canaries]);
        }

        var size = rollout?.Batch is { } batch ? Share(batch, count)!.Value : Math.Max(1, count);
        batches.AddRange(ordered[canaries..].Chunk(size));
        var stopAfter = rollout?.StopAfter is { } stop ? Share(stop, count) : rollout?.Batch is not null || rollout?.Canary is not null ? 1 : null;
        return new(batches, rollout?.AtOnce ?? Math.Max(1, count), stopAfter, JobRules.Time(rollout?.Pause) ?? TimeSpan.Zero);
    }

    /// <summary>How many a number, or a share in per cent of all, is: at least one, shares rounded up. Null where the text is neither.</summary>
    /// <param name="text">Such as <c>10</c> or <c>25%</c>.</param>
    /// <param name="all">How many there are.</param>
    public static int? Share(string text, int all)
    {
        ArgumentNullException.ThrowIfNull(text);
        var isPercent = text.EndsWith('%');
        return !int.TryParse(isPercent ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1 || (isPercent && number > 100)
            ? null
            : isPercent ? (int)Math.Max(1, (((long)all * number) + 99) / 100) : number;
    }
}
