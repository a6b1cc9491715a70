using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Operone.Core.Connection;

namespace Operone.Web.Console.Parts;

/// <summary>Writes what a person did in the console as what they would type in a POSIX shell.</summary>
internal static class ShellText
{
    // For people to read: nothing is escaped that JSON does not ask for. It is shown as text, never as HTML.
    private static readonly OperoneJson Readable = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>A word as a shell takes it for one: in single quotes where it has to be (POSIX.1, Shell Command Language, 2.2.2).</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '=' or ',' or '@' or '%' or '+')
            ? word
            : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    /// <summary>A request with curl; the token is a variable, so that none is pasted by accident.</summary>
    public static string Curl(string method, string address, Core.Shell.CreateRun? body = null) =>
        Curl(method, address, body is null ? null : JsonSerializer.Serialize(body, Readable.CreateRun).ReplaceLineEndings("\n"));

    /// <summary>The same for a pipeline.</summary>
    public static string Curl(string method, string address, Core.Shell.CreatePipeline body) =>
        Curl(method, address, JsonSerializer.Serialize(body, Readable.CreatePipeline).ReplaceLineEndings("\n"));

    /// <summary>The same with the body as it is sent.</summary>
    public static string Curl(string method, string address, string? json)
    {
        var text = new StringBuilder("curl -fsS ");
        if (method != "GET")
        {
            text.Append("-X ").Append(method).Append(' ');
        }

        text.Append(Quote(address)).Append(" \\\n  -H \"Authorization: Bearer $OPERONE_TOKEN\"");
        if (json is not null)
        {
            text.Append(" \\\n  -H 'Content-Type: application/json' \\\n  -d ").Append(Quote(json));
        }

        return text.ToString();
    }
}
