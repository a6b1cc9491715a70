using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Archives;

/// <summary>Sends a folder as an archive.</summary>
internal static partial class ArchiveDownload
{
    /// <summary>Sends it. What breaks off is aborted, so that nobody takes a part for the whole.</summary>
    public static async Task<IResult> SendAsync(HttpContext http, Actor actor, TreePath address, string format, CancellationToken cancellationToken)
    {
        if (!ArchiveFormat.All.Contains(format))
        {
            return Error.InvalidField("archive", $"must be one of {string.Join(", ", ArchiveFormat.All)}").ToProblem();
        }

        var archives = http.RequestServices.GetRequiredService<ArchiveService>();
        var found = await archives.FindAsync(actor, address, cancellationToken);
        if (found.IsError)
        {
            return found.Error!.ToProblem();
        }

        var (place, entry) = found.Value;
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName($"{FileName.Display(address.Name)}.{format}");
        http.Response.ContentType = ArchiveFormat.MediaType(format);
        http.Response.Headers.ContentDisposition = disposition.ToString();
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        http.SendAsItComes();
        if (http.Features.Get<IHttpBodyControlFeature>() is { } control)
        {
            // .NET's zip writes some heads synchronously, whatever it is asked; they are a few bytes
            control.AllowSynchronousIO = true;
        }

        try
        {
            await archives.WriteAsync(actor, place, entry, format, http.Response.Body, cancellationToken);
        }
        catch (IOException problem)
        {
            Log.BrokeOff(http.RequestServices.GetRequiredService<ILogger<ArchiveService>>(), address, problem.Message);
            http.Abort();
        }

        return Results.Empty;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The archive of {Address} broke off: {Problem}")]
        public static partial void BrokeOff(ILogger logger, TreePath address, string problem);
    }
}
