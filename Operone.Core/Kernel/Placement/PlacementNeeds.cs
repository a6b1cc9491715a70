using System.Globalization;
using System.Text.Json.Serialization;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;

namespace Operone.Core.Kernel.Placement;

/// <summary>What something needs on a device, as people write it in a document. It gets no more of it.</summary>
public sealed record PlacementNeeds
{
    /// <summary>Processors, 0.01 to 4,096, such as <c>0.5</c>.</summary>
    [JsonConverter(typeof(ScalarText))]
    public string? Cpu { get; init; }
    /// <summary>Memory, as a size such as <c>512MiB</c>.</summary>
    [JsonConverter(typeof(ScalarText))]
    public string? Memory { get; init; }
    /// <summary>Disk, as a size.</summary>
    [JsonConverter(typeof(ScalarText))]
    public string? Disk { get; init; }

    /// <summary>The amounts; what is not given is nothing.</summary>
    /// <param name="needs">What was written; null for nothing.</param>
    /// <param name="place">Where it stands in the document, such as <c>needs</c>.</param>
    /// <param name="errors">What is wrong with it is noted here.</param>
    public static Resources Read(PlacementNeeds? needs, string place, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        double cpu = 0;
        errors.AddIf(needs?.Cpu is { } text && !(double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out cpu) && cpu is >= 0.01 and <= 4096),
            $"{place}.cpu", "must be a number of processors, such as 0.5");
        return new(
            (long)Math.Round(cpu * 1000), Size(needs?.Memory, RunPlacement.MinMemoryBytes, $"{place}.memory", errors), Size(needs?.Disk, 0, $"{place}.disk", errors));
    }

    private static long Size(string? text, long least, string field, FieldErrors errors)
    {
        if (text is null)
        {
            return 0;
        }

        var size = Quantities.ParseSize(text);
        errors.AddIf(size.IsError, field, size.Error?.Detail ?? "");
        var isIn = !size.IsError && size.Value >= least && size.Value <= Resources.MaxBytes;
        errors.AddIf(!size.IsError && !isIn, field, $"must be {Quantities.FormatSize(least)} to {Quantities.FormatSize(Resources.MaxBytes)}");
        return isIn ? size.Value : 0;
    }
}
