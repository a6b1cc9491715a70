using System.Security.Cryptography;

namespace Operone.Web.Access;

/// <summary>Codes for when the device that makes one-time codes is away: 80 random bits each, so that a plain hash of them cannot be turned back.</summary>
internal static class RecoveryCodes
{
    /// <summary>How many there are at first.</summary>
    public const int Count = 10;

    // Without what is taken for something else: 0 and O, 1 and I and L.
    private const string Letters = "abcdefghjkmnpqrstuvwxyz23456789z";

    /// <summary>New ones, as they are shown.</summary>
    public static IReadOnlyList<string> Create() => [.. Enumerable.Range(0, Count).Select(_ => CreateOne())];

    /// <summary>What is stored of them, as one text.</summary>
    public static string Hash(IEnumerable<string> codes) => string.Join(';', codes.Select(HashOne));

    /// <summary>How many are left.</summary>
    public static int CountOf(string? stored) => string.IsNullOrEmpty(stored) ? 0 : stored.Count(c => c == ';') + 1;

    /// <summary>What is stored once a code is taken; null where it is none of them.</summary>
    public static string? Take(string stored, string code)
    {
        var hash = HashOne(code);
        var all = stored.Split(';', StringSplitOptions.RemoveEmptyEntries);
        return all.Contains(hash) ? string.Join(';', all.Where(h => h != hash)) : null;
    }

    private static string HashOne(string code) =>
        Convert.ToBase64String(SecretText.Hash(new string([.. code.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit)])));

    private static string CreateOne()
    {
        var text = RandomNumberGenerator.GetString(Letters.AsSpan(0, 31), 16);
        return $"{text[..4]}-{text[4..8]}-{text[8..12]}-{text[12..]}";
    }
}
