using System.Buffers.Text;
using System.Text;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>A page of what is known in memory, in the order of its names; the cursor is the last name of the page before.</summary>
internal static class NamedPage
{
    private const int MaxName = 256;

    public static Result<Page<T>> Take<T>(IEnumerable<T> all, Func<T, string> name, int? limit, string? cursor)
    {
        var errors = new FieldErrors();
        errors.AddIf(limit is < 1 or > PageRequest.MaxLimit, "limit", $"must be 1 to {PageRequest.MaxLimit}");
        string? after = null;
        errors.AddIf(!string.IsNullOrEmpty(cursor) && !TryRead(cursor, out after), "cursor", "is not a cursor that this list gave");
        if (errors.ToError() is { } error)
        {
            return error;
        }

        var most = limit ?? PageRequest.DefaultLimit;
        var found = all.Where(t => after is null || StringComparer.OrdinalIgnoreCase.Compare(name(t), after) > 0)
            .OrderBy(name, StringComparer.OrdinalIgnoreCase).Take(most + 1).ToArray();
        return new Page<T>([.. found.Take(most)], found.Length > most ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(name(found[most - 1]))) : null);
    }

    private static bool TryRead(string cursor, out string? name)
    {
        name = null;
        if (cursor.Length > MaxName * 4 || !Base64Url.IsValid(cursor))
        {
            return false;
        }

        name = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        return name.Length is > 0 and <= MaxName;
    }
}
