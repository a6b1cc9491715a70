using System.Text.Json;
using Operone.Core.Errors;

namespace Operone.Web.Hosting;

/// <summary>A word in a query that is one of an enumeration, written as the API writes it in JSON.</summary>
internal static class QueryWord
{
    /// <summary>Reads it; null where it is not given.</summary>
    /// <typeparam name="T">The enumeration, whose words have names of their own in JSON.</typeparam>
    /// <param name="field">The query's name, for the error.</param>
    /// <param name="text">What was given.</param>
    public static Result<T?> Parse<T>(string field, string? text)
        where T : struct, Enum
    {
        if (string.IsNullOrEmpty(text))
        {
            return (T?)null;
        }

        var all = Enum.GetValues<T>().Select(value => (Value: value, Word: JsonSerializer.SerializeToElement(value).GetString()!)).ToArray();
        var found = Array.FindIndex(all, word => word.Word == text);
        return found >= 0 ? all[found].Value : Error.InvalidField(field, $"must be one of {string.Join(", ", all.Select(w => w.Word))}");
    }
}
