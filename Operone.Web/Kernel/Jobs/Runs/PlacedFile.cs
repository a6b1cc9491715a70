using System.Text;
using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>
/// How a file gets to its place: by an ordinary run that reads it from standard input, so that it is as durable, as held by the sandbox and as well
/// recorded as the steps beside it. The script is always the same; what differs are its arguments.
/// </summary>
internal static class PlacedFile
{
    // beside its place and then over it: whoever reads it sees the old one or the new one
    private const string Script = """
        set -eu
        umask 077
        t=$(mktemp "$(dirname -- "$1")/.operone-XXXXXXXX")
        trap 'rm -f -- "$t"' EXIT
        cat >"$t"
        chmod "$2" "$t"
        if [ -d "$1" ]; then echo "$1 is a folder" >&2; exit 1; fi
        mv -f -- "$t" "$1"
        """;

    /// <summary>The command that places it.</summary>
    public static IReadOnlyList<string> Command(JobFile file) => ["/bin/sh", "-c", Script, "place", file.Path!, file.Mode ?? "0644"];

    /// <summary>Its standard input, in base64.</summary>
    public static string Content(JobFile file) => Convert.ToBase64String(Encoding.UTF8.GetBytes(file.Content!));
}
