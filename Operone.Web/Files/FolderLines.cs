using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Hosting;

namespace Operone.Web.Files;

/// <summary>A folder as lines of JSON, sent as they come.</summary>
internal static partial class FolderLines
{
    /// <summary>Sends them. What breaks off is aborted, so that nobody takes a part for the whole.</summary>
    public static async Task<IResult> SendAsync(
        HttpContext http, Func<Func<IReadOnlyList<FileView>, ValueTask>, Task<Result<long>>> list, CancellationToken cancellationToken)
    {
        var writer = http.Response.BodyWriter;
        var listed = await list(async batch =>
        {
            JsonLines.Begin(http);
            foreach (var entry in batch)
            {
                JsonLines.Write(writer, entry, OperoneJson.Default.FileView);
            }

            await writer.FlushAsync(cancellationToken);
        });
        if (listed.IsError && !http.Response.HasStarted)
        {
            return listed.Error!.ToProblem();
        }

        if (listed.IsError)
        {
            Log.BrokeOff(http.RequestServices.GetRequiredService<ILogger<FileService>>(), listed.Error!.Detail);
            http.Abort();
        }

        return Results.Empty;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A listing broke off: {Problem}")]
        public static partial void BrokeOff(ILogger logger, string problem);
    }
}
