using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Hosting;

namespace Operone.Web.Files;

/// <summary>A folder as lines of JSON, sent as they come.</summary>
internal static class FolderLines
{
    /// <summary>Sends them. What breaks off is aborted, so that nobody takes a part for the whole.</summary>
    public static async Task<IResult> SendAsync(
        HttpContext http, Func<Func<IReadOnlyList<FileView>, ValueTask>, Task<Result<long>>> list, CancellationToken cancellationToken)
    {
        var writer = http.Response.BodyWriter;
        var listed = await list(async batch =>
        {
            http.Response.ContentType = "application/x-ndjson";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            http.Response.Headers.CacheControl = "no-store";
            using var json = new Utf8JsonWriter(writer);
            foreach (var entry in batch)
            {
                JsonSerializer.Serialize(json, entry, OperoneJson.Default.FileView);
                json.Flush();
                json.Reset();
                writer.GetSpan(1)[0] = (byte)'\n';
                writer.Advance(1);
            }

            await writer.FlushAsync(cancellationToken);
        });
        if (listed.IsError && !http.Response.HasStarted)
        {
            return listed.Error!.ToProblem();
        }

        if (listed.IsError)
        {
            http.Abort();
        }

        return Results.Empty;
    }
}
