using Microsoft.Extensions.Options;

namespace Operone.Web.Files.Unpack;

/// <summary>How much an archive may come to when it is unpacked, at the key <c>Operone:Unpack</c>. What counts is what comes out, not what the archive says.</summary>
internal sealed class UnpackOptions
{
    public const string Section = "Operone:Unpack";

    /// <summary>How many entries, 1 to 10,000,000.</summary>
    public int MaxEntries { get; set; } = 100_000;

    /// <summary>How many bytes in all, 1 MiB to 1 PiB; 64 GiB by default.</summary>
    public long MaxBytes { get; set; } = 64L << 30;

    /// <summary>How many times as large as the archive, 2 to 100,000. The first 16 MiB are always let through.</summary>
    public int MaxRatio { get; set; } = 200;
}

/// <summary>Says everything that is wrong with the options at once, by key.</summary>
internal sealed class UnpackOptionsValidation : IValidateOptions<UnpackOptions>
{
    public ValidateOptionsResult Validate(string? name, UnpackOptions options)
    {
        var problems = new List<string>();
        if (options.MaxEntries is < 1 or > 10_000_000)
        {
            problems.Add($"{UnpackOptions.Section}:MaxEntries: must be from 1 to 10000000");
        }

        if (options.MaxBytes is < 1 << 20 or > 1L << 50)
        {
            problems.Add($"{UnpackOptions.Section}:MaxBytes: must be from 1048576 to 1125899906842624");
        }

        if (options.MaxRatio is < 2 or > 100_000)
        {
            problems.Add($"{UnpackOptions.Section}:MaxRatio: must be from 2 to 100000");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
