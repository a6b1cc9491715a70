using System.Buffers;
using System.IO.Pipelines;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Files.Unpack;

/// <summary>Unpacking over REST: lines of JSON, one an entry, then the end.</summary>
internal static class UnpackDoor
{
    /// <summary>
    /// Unpacks, and answers. While a body is still read nothing is answered: many clients read no answer before they have sent all, and both would wait for ever.
    /// </summary>
    public static async Task<IResult> SendAsync(HttpContext http, Actor actor, TreePath path, string? from, string? conflict, bool keep, CancellationToken cancellationToken)
    {
        var source = from is null ? (Result<TreePath>?)null : TreePath.Parse(from);
        if (source is { IsError: true } or { Value.IsTop: true })
        {
            return Error.InvalidField("from", "must be an address in the tree").ToProblem();
        }

        if (!Enum.TryParse<UnpackConflict>(conflict ?? nameof(UnpackConflict.Fail), ignoreCase: true, out var rule) || !Enum.IsDefined(rule))
        {
            return Error.InvalidField("conflict", "must be fail, skip or overwrite").ToProblem();
        }

        var unpack = http.RequestServices.GetRequiredService<UnpackService>();
        var plan = await unpack.PlanAsync(actor, path, source?.Value, rule, keep, cancellationToken);
        if (plan.IsError)
        {
            return plan.Error!.ToProblem();
        }

        http.TakeAnyBody();
        http.SendAsItComes();
        var held = from is null ? new ArrayBufferWriter<byte>() : null;
        var end = await unpack.RunAsync(actor, plan.Value, from is null ? http.Request.Body : null, async line =>
        {
            if (held is not null)
            {
                JsonLines.Write(held, line, OperoneJson.Default.UnpackLine);
                return;
            }

            JsonLines.Begin(http);
            JsonLines.Write(http.Response.BodyWriter, line, OperoneJson.Default.UnpackLine);
            await http.Response.BodyWriter.FlushAsync(cancellationToken);
        }, cancellationToken);
        if (held is not null)
        {
            await DrainAsync(http.Request.BodyReader, cancellationToken);
            if (end is { Problem: { } problem, Unpacked: 0, Skipped: 0, Refused: 0, Failed: 0 })
            {
                return new Error(ErrorKind.Unprocessable, problem.Code, "Nothing was unpacked.", problem.Detail).ToProblem();
            }

            JsonLines.Begin(http);
            await http.Response.BodyWriter.WriteAsync(held.WrittenMemory, cancellationToken);
        }

        JsonLines.Begin(http);
        JsonLines.Write(http.Response.BodyWriter, new UnpackLine(End: end), OperoneJson.Default.UnpackLine);
        await http.Response.BodyWriter.FlushAsync(cancellationToken);
        return Results.Empty;
    }

    /// <summary>What is left of a body that is not wanted any more, so that its sender comes to read the answer; of a long one the server closes the connection.</summary>
    private static async Task DrainAsync(PipeReader body, CancellationToken cancellationToken)
    {
        const long Most = 16L << 20;
        for (var drained = 0L; drained < Most;)
        {
            var read = await body.ReadAsync(cancellationToken);
            drained += read.Buffer.Length;
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
