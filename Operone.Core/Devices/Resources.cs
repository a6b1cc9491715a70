using System.Globalization;
using System.Text.Json.Serialization;
using Operone.Core.Errors;

namespace Operone.Core.Devices;

/// <summary>What a device has, or what somebody takes of it.</summary>
/// <param name="CpuMillis">Processors in thousandths: 500 is half of one.</param>
/// <param name="MemoryBytes">Memory, in bytes.</param>
/// <param name="DiskBytes">Disk, in bytes.</param>
public sealed record Resources(long CpuMillis = 0, long MemoryBytes = 0, long DiskBytes = 0)
{
    /// <summary>The most processors that can be named, in thousandths.</summary>
    public const long MaxCpuMillis = 4_096_000;
    /// <summary>The most memory or disk that can be named, in bytes: 1 PiB.</summary>
    public const long MaxBytes = 1L << 50;

    /// <summary>Nothing.</summary>
    public static Resources None { get; } = new();

    /// <summary>Whether it is nothing at all.</summary>
    [JsonIgnore]
    public bool IsNone => CpuMillis == 0 && MemoryBytes == 0 && DiskBytes == 0;

    /// <summary>Both together.</summary>
    public Resources Add(Resources other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.IsNone ? this : IsNone ? other : new(CpuMillis + other.CpuMillis, MemoryBytes + other.MemoryBytes, DiskBytes + other.DiskBytes);
    }

    /// <summary>What is left without the other; never less than nothing.</summary>
    public Resources Less(Resources other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(Math.Max(0, CpuMillis - other.CpuMillis), Math.Max(0, MemoryBytes - other.MemoryBytes), Math.Max(0, DiskBytes - other.DiskBytes));
    }

    /// <summary>Whether it fits into that much.</summary>
    public bool FitsIn(Resources room)
    {
        ArgumentNullException.ThrowIfNull(room);
        return CpuMillis <= room.CpuMillis && MemoryBytes <= room.MemoryBytes && DiskBytes <= room.DiskBytes;
    }

    /// <summary>How much of the other it is, 0 to 1 where it fits: of the part of which it is most. Of nothing it is all.</summary>
    public double ShareOf(Resources all)
    {
        ArgumentNullException.ThrowIfNull(all);
        return Math.Max(Share(CpuMillis, all.CpuMillis), Math.Max(Share(MemoryBytes, all.MemoryBytes), Share(DiskBytes, all.DiskBytes)));
    }

    /// <summary>What is wrong with it, field by field.</summary>
    public static void Check(Resources? resources, string field, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        if (resources is null)
        {
            return;
        }

        errors.AddIf(resources.CpuMillis is < 0 or > MaxCpuMillis, $"{field}.cpuMillis", $"must be 0 to {MaxCpuMillis}");
        errors.AddIf(resources.MemoryBytes is < 0 or > MaxBytes, $"{field}.memoryBytes", $"must be 0 to {MaxBytes}");
        errors.AddIf(resources.DiskBytes is < 0 or > MaxBytes, $"{field}.diskBytes", $"must be 0 to {MaxBytes}");
    }

    /// <summary>For people: <c>0.5 CPU, 1 GiB memory</c>; <c>nothing</c> for nothing.</summary>
    public override string ToString()
    {
        var parts = new List<string>(3);
        if (CpuMillis > 0)
        {
            parts.Add($"{Cores(CpuMillis)} CPU");
        }

        if (MemoryBytes > 0)
        {
            parts.Add($"{Quantities.FormatSize(MemoryBytes)} memory");
        }

        if (DiskBytes > 0)
        {
            parts.Add($"{Quantities.FormatSize(DiskBytes)} disk");
        }

        return parts.Count == 0 ? "nothing" : string.Join(", ", parts);
    }

    /// <summary>Thousandths of processors as a number of them: <c>0.5</c>.</summary>
    public static string Cores(long millis) => (millis / 1000m).ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>Reads processors: a number of them (<c>0.5</c>), or thousandths (<c>500m</c>). Gives thousandths.</summary>
    public static Result<long> ParseCores(string? text)
    {
        var word = text?.Trim() ?? "";
        var isMillis = word.EndsWith('m');
        return decimal.TryParse(isMillis ? word[..^1] : word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && (isMillis ? number : number * 1000) is >= 0 and <= MaxCpuMillis and var millis && millis == decimal.Truncate(millis)
            ? (long)millis
            : new Error(ErrorKind.Invalid, "malformed-cores", "The number of processors cannot be read.",
                $"'{text}' should be a number of processors such as 0.5, or thousandths such as 500m, up to {MaxCpuMillis / 1000}.");
    }

    private static double Share(long part, long all) => part <= 0 ? 0 : all <= 0 ? 1 : (double)part / all;
}

/// <summary>What a device has, by its facts.</summary>
public static class DeviceCapacity
{
    /// <summary>
    /// All of its processors and memory, and its main disk: the one at <c>/</c>, else the largest. Null where it is not known.
    /// </summary>
    public static Resources? Of(DeviceFacts? facts)
    {
        if (facts is null || facts.CpuCount <= 0 || facts.MemoryBytes <= 0)
        {
            return null;
        }

        var disk = facts.Disks.FirstOrDefault(d => d.Mount == "/") ?? facts.Disks.MaxBy(d => d.TotalBytes);
        return new(facts.CpuCount * 1000L, facts.MemoryBytes, Math.Max(0, disk?.TotalBytes ?? 0));
    }

    /// <summary>What is kept for the device itself where nobody has said how much: a tenth of its memory and of its disk.</summary>
    public static Resources OwnReserve(Resources capacity)
    {
        ArgumentNullException.ThrowIfNull(capacity);
        return new(0, capacity.MemoryBytes / 10, capacity.DiskBytes / 10);
    }
}
