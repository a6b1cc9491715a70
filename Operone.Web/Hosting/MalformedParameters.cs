using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Operone.Core.Errors;

namespace Operone.Web.Hosting;

/// <summary>
/// Says which parameter of a request could not be read. The delegates that the compiler makes answer 400 and no word where an optional one cannot be.
/// </summary>
internal static class MalformedParameters
{
    /// <summary>The first that cannot be read as what its route takes; null where all can.</summary>
    public static Error? Find(HttpContext http)
    {
        foreach (var parameter in http.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>() ?? [])
        {
            var type = parameter.ParameterInfo.ParameterType;
            if (parameter.HasTryParse && Text(http, parameter) is { Length: > 0 } text && Nullable.GetUnderlyingType(type) is { } wanted && !CanBe(text, wanted))
            {
                return Error.InvalidField(JsonNamingPolicy.CamelCase.ConvertName(parameter.Name), $"'{text}' is not {Expected(wanted.IsEnum ? "" : wanted.Name)}");
            }
        }

        return null;
    }

    /// <summary>What a type takes, for people.</summary>
    /// <param name="type">Its name, of the language or of the runtime.</param>
    public static string Expected(string type) => type switch
    {
        "int" or "long" or nameof(Int32) or nameof(Int64) => "a whole number",
        "double" or nameof(Double) => "a number",
        "bool" or nameof(Boolean) => "true or false",
        nameof(Guid) => "an id",
        nameof(DateTimeOffset) => "a time as in RFC 3339, for example 2026-03-01T12:00:00Z",
        _ => "one of the values that are taken here",
    };

    private static string? Text(HttpContext http, IParameterBindingMetadata parameter)
    {
        var source = parameter.ParameterInfo.GetCustomAttributes();
        return source.OfType<IFromHeaderMetadata>().FirstOrDefault() is { } header ? http.Request.Headers[header.Name ?? parameter.Name]
            : http.GetRouteValue(parameter.Name)?.ToString()
                ?? http.Request.Query[source.OfType<IFromQueryMetadata>().FirstOrDefault()?.Name ?? parameter.Name];
    }

    private static bool CanBe(string text, Type type)
    {
        var culture = CultureInfo.InvariantCulture;
        return type == typeof(int) ? int.TryParse(text, culture, out _)
            : type == typeof(long) ? long.TryParse(text, culture, out _)
            : type == typeof(double) ? double.TryParse(text, culture, out _)
            : type == typeof(bool) ? bool.TryParse(text, out _)
            : type == typeof(Guid) ? Guid.TryParse(text, out _)
            : type == typeof(DateTimeOffset) ? DateTimeOffset.TryParse(text, culture, DateTimeStyles.AssumeUniversal, out _)
            : !type.IsEnum || Enum.TryParse(type, text, out _);
    }
}
