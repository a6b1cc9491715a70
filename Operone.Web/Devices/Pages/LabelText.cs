using Operone.Core;
using Operone.Core.Errors;

namespace Operone.Web.Devices.Pages;

/// <summary>Labels as people type them: <c>env=prod,role=web</c>.</summary>
internal static class LabelText
{
    public static Result<Dictionary<string, string>> Parse(string text)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        var errors = new FieldErrors();
        foreach (var part in text.Split([',', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var (key, value) = equals < 0 ? (part, "") : (part[..equals].Trim(), part[(equals + 1)..].Trim());
            errors.AddIf(!labels.TryAdd(key, value), "labels", $"'{key}' is there twice");
        }

        Labels.Check(labels, "labels", errors);
        return errors.ToError() is { } error ? error : labels;
    }
}
