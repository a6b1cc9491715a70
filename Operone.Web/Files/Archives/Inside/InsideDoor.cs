using Microsoft.Net.Http.Headers;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Archives.Inside;

/// <summary>What is in an archive, over REST: listed as a folder is, and read as a file is.</summary>
internal static class InsideDoor
{
    public static async Task<IResult> SendAsync(
        HttpContext http, Actor actor, TreePath archive, string place, string? view, FileListOptions options, bool inline, CancellationToken cancellationToken)
    {
        var parsed = TreePath.Parse(place);
        if (parsed.IsError)
        {
            return Error.InvalidField("in", parsed.Error!.Fields?.Values.FirstOrDefault()?[0] ?? parsed.Error.Detail).ToProblem();
        }

        var (files, inside) = (http.RequestServices.GetRequiredService<ArchiveInside>(), parsed.Value);
        if (view is "entry")
        {
            return (await files.StatAsync(actor, archive, inside, cancellationToken)).ToOk().Result;
        }

        var accepted = MediaTypeHeaderValue.TryParseList([.. http.Request.Headers.Accept.OfType<string>()], out var types) ? types : [];
        if (accepted.Any(t => t.MediaType == "application/x-ndjson"))
        {
            return await FolderLines.SendAsync(http, take => files.ListAllAsync(actor, archive, inside, options with { After = null, Limit = null }, take, cancellationToken), cancellationToken);
        }

        return accepted.Any(t => t.MediaType == "application/json")
            ? (await files.ListAsync(actor, archive, inside, options, cancellationToken)).ToOk().Result
            : await FileDownload.SendAsync(http, new FileSource(
                archive.Join(inside), until => files.StatAsync(actor, archive, inside, until), (offset, length, until) => files.ReadAsync(actor, archive, inside, offset, length, until), Hash: null),
                inline, cancellationToken);
    }
}
