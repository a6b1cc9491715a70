using Microsoft.Extensions.Options;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Files.Unpack;
using ZstdSharp;

namespace Operone.Web.Files.Archives.Inside;

/// <summary>
/// Looks into archives that lie in the tree, without unpacking them: who may read one may list what is in it, and read single entries. Nothing is written anywhere. A zip is
/// read by its directory; a tar is looked through once. What was found is remembered for a while, by the archive's tag.
/// </summary>
internal sealed class ArchiveInside(FileTree tree, FileRecords records, IOptions<UnpackOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>How many archives are looked through at once.</summary>
    private const int AtOnce = 2;

    /// <summary>How long one waits for others, and how long it may take: a tar that is packed comes whole from its device.</summary>
    private static readonly TimeSpan Queue = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly IndexCache _cache = new(time);
    private readonly SemaphoreSlim _looking = new(AtOnce);

    /// <summary>What is at a place in an archive.</summary>
    public async Task<Result<FileView>> StatAsync(Actor actor, TreePath archive, TreePath inside, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(actor, archive, cancellationToken);
        return opened.IsError ? opened.Error!
            : opened.Value.Index.Find(inside) is { } entry ? View(opened.Value, inside, entry)
            : FileErrors.NotFound($"{archive}{inside}");
    }

    /// <summary>A page of a folder in an archive.</summary>
    public async Task<Result<FolderView>> ListAsync(Actor actor, TreePath archive, TreePath inside, FileListOptions options, CancellationToken cancellationToken)
    {
        if (FileService.Check(options, after => int.TryParse(after, out _)) is { } invalid)
        {
            return invalid;
        }

        var skip = options.After is null ? 0 : int.Parse(options.After, System.Globalization.CultureInfo.InvariantCulture);
        var limit = options.Limit ?? FileService.DefaultPage;
        var items = new List<FileView>();
        var count = await ListAllAsync(actor, archive, inside, options with { After = null, Skip = skip, Limit = limit }, batch =>
        {
            items.AddRange(batch);
            return ValueTask.CompletedTask;
        }, cancellationToken);
        return count.IsError ? count.Error!
            : new FolderView(items, skip + items.Count < count.Value ? (skip + items.Count).ToString(System.Globalization.CultureInfo.InvariantCulture) : null, count.Value);
    }

    /// <summary>A folder in an archive, or a stretch of it. Gives how many there are in all.</summary>
    public async Task<Result<long>> ListAllAsync(
        Actor actor, TreePath archive, TreePath inside, FileListOptions options, Func<IReadOnlyList<FileView>, ValueTask> take, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(actor, archive, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        var index = opened.Value.Index;
        if (index.Find(inside) is not { } folder)
        {
            return FileErrors.NotFound($"{archive}{inside}");
        }

        if (folder.Kind != FileKind.Folder)
        {
            return FileErrors.From(new(FileProblems.WrongKind, "It is no folder."), $"{archive}{inside}");
        }

        var all = index.List(inside, options.Sort);
        if (!string.IsNullOrEmpty(options.Filter))
        {
            all = [.. all.Where(e => index.Of(inside, e).Name.Contains(options.Filter, StringComparison.OrdinalIgnoreCase))];
        }

        foreach (var batch in all.Skip(options.Skip ?? 0).Take(options.Limit ?? int.MaxValue).Chunk(FileLimits.BatchEntries))
        {
            await take([.. batch.Select(e => index.Of(inside, e) is var entry && e.Segment is ['?', ..] ? Lost(opened.Value, e, entry) : View(opened.Value, inside.Child(e.Name), entry))]);
        }

        return all.Count;
    }

    /// <summary>Opens a file in an archive to read a range of it. What is before that is read too, and thrown away, where it is compressed.</summary>
    public async Task<Result<IFileReading>> ReadAsync(Actor actor, TreePath archive, TreePath inside, long offset, long? length, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(actor, archive, cancellationToken);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        var (place, file, index, _) = opened.Value;
        if (index.Find(inside) is not { } found)
        {
            return FileErrors.NotFound($"{archive}{inside}");
        }

        if (found.Refusal is { } refusal)
        {
            return Refused($"{archive}{inside}", refusal);
        }

        if (index.FileOf(found) is not { Refusal: null } entry)
        {
            return FileErrors.From(new(FileProblems.WrongKind, "It is no file."), $"{archive}{inside}");
        }

        try
        {
            var (content, problem) = await ContentAsync(file, index.Format, entry, cancellationToken);
            if (content is null)
            {
                return Refused($"{archive}{inside}", problem!);
            }

            var most = Math.Max(0, Math.Min(length ?? long.MaxValue, entry.Size - offset));
            var described = index.Describe(found, FileName.ToSegment(inside.Name)) with { Tag = View(opened.Value, inside, found).Tag };
            var reading = new InsideReading(content, described, most, $"{archive}{inside}", isToEnd: offset + most == entry.Size);
            try
            {
                await reading.SkipAsync(offset, cancellationToken);
                await records.ReadAsync(actor, place with { Address = place.Address.Join(inside) }, offset, length, cancellationToken);
                return reading;
            }
            catch
            {
                await reading.DisposeAsync();
                throw;
            }
        }
        catch (Exception broken) when (Explain(broken) is not null)
        {
            return Explain(broken)!;
        }
    }

    /// <summary>What is wrong with an archive, where that is what was thrown.</summary>
    public static Error? Explain(Exception problem) => problem switch
    {
        UnpackStop stop => stop.Error,
        InvalidDataException or EndOfStreamException or ZstdException => UnpackStop.Broken(problem.Message).Error,
        _ => null,
    };

    private static Error Refused(string place, string why) => new(ErrorKind.Unprocessable, "archive-entry-refused", "That is not taken out of the archive.", $"{place}: {why}.");

    /// <summary>The bytes of an entry, as many as it says, or an error in the middle.</summary>
    private async ValueTask<(Stream? Content, string? Problem)> ContentAsync(TreeFile file, string format, InsideEntry entry, CancellationToken cancellationToken)
    {
        var meter = new UnpackMeter(options.Value) { In = file.Length };
        if (format == "zip")
        {
            var head = new ZipHead(new ArchiveEntry(entry.Written ?? entry.Path, entry.Kind) { Size = entry.Size }, entry.At, entry.Packed.Length, entry.Packed.IsDeflated, entry.Packed.Crc);
            var (begin, refusal) = await ZipDirectory.FindAsync(file, head, cancellationToken);
            return refusal is null ? (new ZipContent(file.Part(begin, head.Packed), head.IsDeflated, head.Crc, entry.Size, meter), null) : (null, refusal);
        }

        if (format == "tar")
        {
            return entry.At + entry.Size > file.Length ? throw UnpackStop.Broken("Its last entry is cut off.") : (file.Part(entry.At, entry.Size), null);
        }

        var plain = new OutStream(ArchiveProbe.Plain(format, file.Part(0, file.Length)), meter);
        try
        {
            await InsideReading.SkipAsync(plain, entry.At, cancellationToken);
            return (new ExactStream(plain, entry.Size, isOwner: true), null);
        }
        catch
        {
            await plain.DisposeAsync();
            throw;
        }
    }

    private async Task<Result<OpenArchive>> OpenAsync(Actor actor, TreePath archive, CancellationToken cancellationToken)
    {
        var place = await tree.FindAsync(actor, archive, Permissions.FilesRead, "file.read", cancellationToken);
        if (place.IsError)
        {
            return place.Error!;
        }

        var file = await TreeFile.OpenAsync(place.Value.Backend, place.Value.Scope, place.Value.Path, cancellationToken);
        if (file.IsError)
        {
            return file.Error!;
        }

        var key = (place.Value.Address.ToAddress(), file.Value.Tag);
        if (_cache.Find(key) is { } known)
        {
            return new OpenArchive(place.Value, file.Value, known, file.Value.Tag);
        }

        if (!await _looking.WaitAsync(Queue, cancellationToken))
        {
            return new Error(ErrorKind.Unavailable, "archive-busy", "Others look into large archives just now.", "Try again in a minute, or download it.");
        }

        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            if (_cache.Find(key) is not { } index)
            {
                index = await LookAsync(file.Value, either.Token);
                _cache.Add(key, index);
                await records.ReadAsync(actor, place.Value, 0, null, cancellationToken);
            }

            return new OpenArchive(place.Value, file.Value, index, file.Value.Tag);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new Error(ErrorKind.Unprocessable, "archive-too-slow", "It takes too long to look into.", $"'{place.Value}' was not read to its end within {Patience.TotalMinutes} minutes: unpack it, or download it.");
        }
        catch (Exception broken) when (Explain(broken) is not null)
        {
            return Explain(broken)!;
        }
        finally
        {
            _looking.Release();
        }
    }

    private async Task<ArchiveIndex> LookAsync(TreeFile file, CancellationToken cancellationToken)
    {
        var meter = new UnpackMeter(options.Value) { In = file.Length };
        var format = ArchiveProbe.FormatOf(await file.ReadAsync(0, (int)Math.Min(ArchiveProbe.Bytes, file.Length), cancellationToken));
        var index = new ArchiveIndex(format, meter);
        if (format == "zip")
        {
            var directory = new ZipDirectory(file);
            while (await directory.NextAsync(cancellationToken) is { } head)
            {
                index.Add(head.Entry, head.Offset, (head.Packed, head.IsDeflated, head.Crc));
            }

            return index;
        }

        // of a plain tar what is between the heads is not read
        await using var tar = new TarArchive(format == "tar" ? new OutStream(file.Whole(), meter, leaps: true) : new OutStream(ArchiveProbe.Plain(format, file.Part(0, file.Length)), meter));
        while (await tar.NextAsync(cancellationToken) is { } entry)
        {
            index.Add(entry, tar.At);
        }

        return index;
    }

    private static FileView View(OpenArchive archive, TreePath inside, InsideEntry entry)
    {
        var described = archive.Index.Describe(entry, FileName.ToSegment(inside.Name));
        var refusal = entry.Refusal ?? (entry.Kind is null && described.Kind == FileKind.Other ? "it is a hard link to what is no file in the archive" : null);
        return FileService.View(archive.Place.Address.Join(inside), described, isWritable: false) with
        {
            Path = AddressOf(archive.Place.Address, inside),
            Name = FileName.Display(inside.IsTop ? archive.Place.Address.Name : inside.Name),
            Tag = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{archive.Tag}-{entry.At:x}"),
            Problem = refusal is null ? null : FileName.Display(refusal),
        };
    }

    /// <summary>What has no place: its name as it is written, and why.</summary>
    private static FileView Lost(OpenArchive archive, FileEntry described, InsideEntry entry) =>
        FileService.View(archive.Place.Address, described, isWritable: false) with
        {
            Path = $"{AddressOf(archive.Place.Address, TreePath.Top)}#{described.Segment[1..]}",
            Name = FileName.Display(entry.Path),
            Problem = FileName.Display(entry.Refusal ?? "it has no place"),
        };

    /// <summary>The address of something in an archive, as <see cref="FileView.Path"/> has it.</summary>
    public static string AddressOf(TreePath archive, TreePath inside) =>
        $"{archive.ToAddress()}?in={Uri.EscapeDataString(inside.ToAddress()).Replace("%2F", "/", StringComparison.Ordinal)}";

    public void Dispose() => _looking.Dispose();

    private sealed record OpenArchive(FilePlace Place, TreeFile File, ArchiveIndex Index, string Tag);
}
