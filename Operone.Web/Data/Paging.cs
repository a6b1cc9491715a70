using System.Buffers.Text;
using Operone.Core;
using Operone.Core.Errors;

namespace Operone.Web.Data;

/// <summary>What every list takes: how many, and where the page before ended.</summary>
/// <param name="Limit">How many, at most.</param>
/// <param name="After">The id that the page before ended with, or null for the first page.</param>
internal readonly record struct PageRequest(int Limit, Guid? After)
{
    /// <summary>How many items a page has where the caller does not say.</summary>
    public const int DefaultLimit = 50;

    /// <summary>The most items a page may have.</summary>
    public const int MaxLimit = 500;

    /// <summary>Reads <c>?limit=</c> and <c>?cursor=</c>.</summary>
    public static Result<PageRequest> Parse(int? limit, string? cursor)
    {
        var errors = new FieldErrors();
        errors.AddIf(limit is < 1 or > MaxLimit, "limit", $"must be 1 to {MaxLimit}");
        var after = Guid.Empty;
        errors.AddIf(!string.IsNullOrEmpty(cursor) && !TryDecode(cursor, out after), "cursor", "is not a cursor that this list gave");
        return errors.ToError() is { } error
            ? error
            : new PageRequest(limit ?? DefaultLimit, string.IsNullOrEmpty(cursor) ? null : after);
    }

    /// <summary>Makes a page of a list that was read with one item more than asked for.</summary>
    public Page<TOut> ToPage<T, TOut>(IReadOnlyList<T> found, Func<T, Guid> id, Func<T, TOut> view) => new(
        [.. found.Take(Limit).Select(view)],
        found.Count > Limit ? Base64Url.EncodeToString(id(found[Limit - 1]).ToByteArray()) : null);

    private static bool TryDecode(string text, out Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id = default;
        if (text.Length != 22 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var written) || written != 16)
        {
            return false;
        }

        id = new Guid(bytes);
        return true;
    }
}
