using Microsoft.AspNetCore.Http.Features;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files;

/// <summary>
/// Reads where a request is about from the address as it was sent: the server's own decoding loses bytes that are not UTF-8, and makes a
/// slash of <c>%2F</c>.
/// </summary>
internal static class FileAddress
{
    /// <summary>The place behind a prefix, and the act that follows its last literal colon, where it is one of these.</summary>
    public static Result<(TreePath Path, string? Act)> Read(HttpContext http, string prefix, params ReadOnlySpan<string> acts)
    {
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (!target.StartsWith('/') && Uri.TryCreate(target, UriKind.Absolute, out var whole))
        {
            // the absolute form (RFC 9112, section 3.2.2)
            target = whole.GetComponents(UriComponents.Path | UriComponents.KeepDelimiter, UriFormat.UriEscaped);
        }

        var path = target.Split('?', 2)[0];
        var at = path.IndexOf(prefix, StringComparison.OrdinalIgnoreCase);
        path = at < 0 ? "" : path[(at + prefix.Length)..];
        string? act = null;
        foreach (var one in acts)
        {
            // a colon that belongs to a name is written %3A there
            if (path.EndsWith(":" + one, StringComparison.Ordinal))
            {
                (path, act) = (path[..^(one.Length + 1)], one);
                break;
            }
        }

        var parsed = TreePath.Parse(path);
        return parsed.IsError ? parsed.Error! : (parsed.Value, act);
    }
}
