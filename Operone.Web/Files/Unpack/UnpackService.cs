using System.Globalization;
using Microsoft.Extensions.Options;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;

namespace Operone.Web.Files.Unpack;

/// <summary>An unpacking that may begin: who asked may do it, and there is an archive.</summary>
/// <param name="Folder">Where to.</param>
/// <param name="From">The archive in the tree; null for one that is sent.</param>
/// <param name="Conflict">What becomes of files that are there already.</param>
/// <param name="Keep">Whether files get the modes and times of the archive, rather than those of new ones.</param>
internal sealed record UnpackPlan(FilePlace Folder, FilePlace? From, UnpackConflict Conflict, bool Keep);

/// <summary>Unpacks archives into folders of the tree. The bytes go through the node, and none of them stays there.</summary>
internal sealed class UnpackService(FileTree tree, FileRecords records, IOptions<UnpackOptions> options)
{
    /// <summary>Checks whether it may begin.</summary>
    public async Task<Result<UnpackPlan>> PlanAsync(Actor actor, TreePath address, TreePath? from, UnpackConflict conflict, bool keep, CancellationToken cancellationToken)
    {
        var folder = await tree.FindAsync(actor, address, Permissions.FilesWrite, "file.unpack", cancellationToken);
        if (folder.IsError)
        {
            return folder.Error!;
        }

        var source = from is null ? (Result<FilePlace>?)null : await tree.FindAsync(actor, from, Permissions.FilesRead, "file.read", cancellationToken);
        if (source?.Error is { } error)
        {
            return error;
        }

        var there = await folder.Value.Backend.StatAsync(folder.Value.Scope, folder.Value.Path, withAttributes: false, cancellationToken);
        return there.Error is { Code: not "file-not-found" } refused ? refused
            : !there.IsError && !there.Value.IsFolder ? FileErrors.From(new(FileProblems.WrongKind, "It is no folder: nothing can be unpacked into it."), address.ToString())
            : new UnpackPlan(folder.Value, source?.Value, conflict, keep);
    }

    /// <summary>Unpacks; tells of each entry when it is done, and at last gives what it came to.</summary>
    /// <param name="actor">For whom.</param>
    /// <param name="plan">What.</param>
    /// <param name="body">The archive, where it is sent.</param>
    /// <param name="take">Takes entries.</param>
    /// <param name="cancellationToken">Ends it; what was written stays.</param>
    public async Task<UnpackEnd> RunAsync(Actor actor, UnpackPlan plan, Stream? body, Func<UnpackLine, ValueTask> take, CancellationToken cancellationToken)
    {
        var meter = new UnpackMeter(options.Value);
        var format = "unknown";
        var run = new UnpackRun(plan, meter, take);
        var end = run.End(format, new("unpack-ended", "It was ended before its end."));
        try
        {
            await RequireFolderAsync(plan.Folder, cancellationToken);
            await using var source = plan.From is { } from ? await OpenAsync(actor, from, cancellationToken) : await ReceiveAsync(plan.Folder, body!, meter, cancellationToken);
            format = source.Format;
            await using var archive = source.Open(meter);
            await run.RunAsync(archive, cancellationToken);
            return end = run.End(format, null);
        }
        catch (UnpackStop stop)
        {
            return end = run.End(format, new(stop.Error.Code, $"{stop.Error.Title} {stop.Error.Detail}"));
        }
        finally
        {
            end = end.Problem?.Code == "unpack-ended" ? run.End(format, end.Problem) : end;
            var what = string.Create(CultureInfo.InvariantCulture,
                $"{format}{(plan.From is { } where ? $" {where}" : "")}: {end.Unpacked} entries with {end.Bytes} bytes, {end.Skipped} skipped, {end.Refused} refused, {end.Failed} failed");
            await records.ChangedAsync(actor, plan.Folder, "file.unpack", end.Problem is { } problem ? $"{what}; ended: {problem.Detail}" : what, CancellationToken.None);
        }
    }

    private static async Task RequireFolderAsync(FilePlace folder, CancellationToken cancellationToken)
    {
        var there = await folder.Backend.StatAsync(folder.Scope, folder.Path, withAttributes: false, cancellationToken);
        if (there.IsError)
        {
            var made = await folder.Backend.MakeFolderAsync(folder.Scope, folder.Path, parents: true, cancellationToken);
            if (made.IsError)
            {
                throw new UnpackStop(made.Error!);
            }
        }
    }

    private async Task<Source> OpenAsync(Actor actor, FilePlace from, CancellationToken cancellationToken)
    {
        var file = await TreeFile.OpenAsync(from.Backend, from.Scope, from.Path, cancellationToken);
        if (file.IsError)
        {
            throw new UnpackStop(file.Error!);
        }

        await records.ReadAsync(actor, from, 0, null, cancellationToken);
        var first = await file.Value.ReadAsync(0, (int)Math.Min(ArchiveProbe.Bytes, file.Value.Length), cancellationToken);
        return new Source(ArchiveProbe.FormatOf(first), file.Value, file.Value.Part(0, file.Value.Length), null);
    }

    /// <summary>
    /// Of what is sent a tar is unpacked as it comes. What is in a zip its end says, so that it is put on the device first, as an upload that is never finished: it is
    /// in no list, and thrown away by the device itself where nobody is left to do it.
    /// </summary>
    private static async Task<Source> ReceiveAsync(FilePlace folder, Stream body, UnpackMeter meter, CancellationToken cancellationToken)
    {
        var first = new byte[ArchiveProbe.Bytes];
        var have = await body.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellationToken);
        var format = ArchiveProbe.FormatOf(first.AsSpan(0, have));
        var whole = new InStream(first.AsMemory(0, have), body, meter);
        if (format != "zip")
        {
            return new Source(format, null, whole, null);
        }

        var upload = Guid.CreateVersion7();
        var path = folder.Path.Child(".operone-unpack");
        var discard = () => folder.Backend.DiscardAsync(folder.Scope, path, upload, TimeSpan.FromSeconds(10), CancellationToken.None);
        try
        {
            var begun = await folder.Backend.WriteAsync(folder.Scope, path, upload, 0, cancellationToken);
            if (begun.IsError)
            {
                throw new UnpackStop(begun.Error!);
            }

            await using (var writing = begun.Value)
            {
                var buffer = new byte[FileLimits.PieceBytes];
                for (int count; (count = await whole.ReadAsync(buffer, cancellationToken)) > 0;)
                {
                    if ((await writing.WriteAsync(buffer.AsMemory(0, count), cancellationToken)).Error is { } error)
                    {
                        throw new UnpackStop(error);
                    }
                }

                if ((await writing.EndAsync(cancellationToken)).Error is { } problem)
                {
                    throw new UnpackStop(problem);
                }
            }

            var part = folder.Path.Child($"{FileLimits.PartPrefix}{upload:N}{FileLimits.PartSuffix}");
            var file = await TreeFile.OpenAsync(folder.Backend, folder.Scope, part, cancellationToken);
            return file.IsError
                ? throw new UnpackStop(new(ErrorKind.Unprocessable, "file-unsupported", "That cannot be done there.", "A zip that is sent cannot be unpacked there: copy it there, and unpack it from there."))
                : new Source(format, file.Value, Stream.Null, discard);
        }
        catch
        {
            await discard();
            throw;
        }
    }

    /// <summary>An archive that is there to be read.</summary>
    private sealed record Source(string Format, TreeFile? File, Stream Stream, Func<Task>? Discard) : IAsyncDisposable
    {
        public IArchiveReader Open(UnpackMeter meter)
        {
            if (Format == "zip")
            {
                return new ZipFile(File!, meter);
            }

            if (File is not null)
            {
                meter.In = File.Length;
            }

            return new TarArchive(new OutStream(ArchiveProbe.Plain(Format, Stream), meter));
        }

        public async ValueTask DisposeAsync()
        {
            if (Discard is not null)
            {
                await Discard();
            }
        }
    }
}
