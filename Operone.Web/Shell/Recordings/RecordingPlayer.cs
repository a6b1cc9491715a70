using System.Globalization;
using System.Net;
using Operone.Core.Access;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Shell.Recordings;

/// <summary>
/// The document that the player runs in: a frame of the recording's page. The player interprets what strangers' programs printed,
/// by WebAssembly, which needs a policy of its own: here it may do that, and nothing else that the console may.
/// </summary>
internal static class RecordingPlayer
{
    public static void MapRecordingPlayer(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/recordings/{id:guid}/player", ShowAsync).RequirePermission(Permissions.RecordingsRead).ExcludeFromDescription();

    private static async Task<IResult> ShowAsync(
        HttpContext http, Actor actor, Guid id, double? t, RecordingReader recordings, CancellationToken cancellationToken)
    {
        if ((await recordings.GetAsync(actor, id, cancellationToken)).Error is { } error)
        {
            return error.ToProblem();
        }

        var nonce = http.ScriptNonce();
        http.AllowFramingHere();
        http.Response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; font-src 'self'; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
        var start = t is { } seconds && double.IsFinite(seconds) && seconds > 0 ? seconds : 0;
        var html = $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>Player</title>
                <link rel="stylesheet" href="/dist/player.css" />
            </head>
            <body data-recording="{WebUtility.HtmlEncode(id.ToString())}" data-start="{start.ToString("R", CultureInfo.InvariantCulture)}">
                <div id="player"></div>
                <p id="problem" role="alert" hidden></p>
                <div class="tools">
                    <div class="speeds" role="group" aria-label="Speed"></div>
                    <label><input type="checkbox" id="idle" checked /> Skip idle time</label>
                    <span class="keys">Space plays · ← → 5 s · , . one frame · f full screen</span>
                </div>
                <script type="module" src="/dist/player.js" nonce="{nonce}"></script>
            </body>
            </html>
            """;
        return TypedResults.Content(html, "text/html; charset=utf-8");
    }
}
