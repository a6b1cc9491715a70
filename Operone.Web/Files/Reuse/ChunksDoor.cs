using Microsoft.Net.Http.Headers;
using Operone.Core.Files;
using Operone.Core.Files.Chunks;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Reuse;

/// <summary>Sends what chunks a file has.</summary>
internal static class ChunksDoor
{
    /// <summary>Sends them, with the tag of the file that they are of.</summary>
    public static async Task<IResult> SendAsync(HttpContext http, Actor actor, TreePath address, int average, CancellationToken cancellationToken)
    {
        var found = await http.RequestServices.GetRequiredService<FileChunkService>().GetAsync(actor, address, average, cancellationToken);
        if (found.IsError)
        {
            return found.Error!.ToProblem();
        }

        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Bytes(
            ChunkList.Write(found.Value.Chunks), FileMediaTypes.Chunks, entityTag: found.Value.Entry.Tag is { } tag ? new EntityTagHeaderValue($"\"{tag}\"") : null);
    }
}
