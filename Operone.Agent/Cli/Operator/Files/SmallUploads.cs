using System.Formats.Tar;
using System.Net;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>
/// Sends small files many at a time, as tars that the node unpacks: the way there and back, and the wait for the disk, is for all of them and not
/// for each. What is not said to be there is left to be sent by itself, which says why.
/// </summary>
internal sealed class SmallUploads(LocalFiles from, RemoteFiles to, Progress progress)
{
    /// <summary>Fewer are sent one by one.</summary>
    private const int Few = 16;

    private const int MostFiles = 1000;
    private const long MostBytes = 32 << 20;
    private const int Lanes = 3;

    /// <summary>Sends those that are small; gives those that are there.</summary>
    public async Task<HashSet<Step>> SendAsync(IReadOnlyList<(Step Step, CopyHow How)> steps, CancellationToken cancellationToken)
    {
        var done = new HashSet<Step>();
        foreach (var alike in steps.Where(s => IsFit(s.Step, s.How)).GroupBy(s => (s.How.Overwrite, IsKept: s.How.ModifiedAt is not null)))
        {
            var all = alike.ToArray();
            if (all.Length < Few)
            {
                continue;
            }

            var folder = Common(all.Select(s => s.Step.To.Parent));
            await Parallel.ForEachAsync(Split(all), new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = cancellationToken }, async (part, cancelled) =>
            {
                var there = await SendAsync(part, folder, alike.Key.Overwrite, alike.Key.IsKept, cancelled);
                lock (done)
                {
                    done.UnionWith(there);
                }
            });
        }

        return done;
    }

    /// <summary>Small, of a name that an archive can have, and with either all that the archive says of it or nothing.</summary>
    private static bool IsFit(Step step, CopyHow how) =>
        step.Item is { Kind: FileKind.File, Size: > 0 and <= FileLimits.SmallBytes } && (how.Mode is null) == (how.ModifiedAt is null)
        && step.To.Names.All(n => !n.Contains('\\', StringComparison.Ordinal) && !n.Contains(':', StringComparison.Ordinal) && FileName.Display(n) == n);

    private static TreePath Common(IEnumerable<TreePath> folders)
    {
        var common = folders.First();
        foreach (var folder in folders)
        {
            while (!folder.IsIn(common))
            {
                common = common.Parent;
            }
        }

        return common;
    }

    private static IEnumerable<(Step Step, CopyHow How)[]> Split((Step Step, CopyHow How)[] all)
    {
        var (begin, bytes) = (0, 0L);
        for (var i = 0; i < all.Length; i++)
        {
            if (i - begin == MostFiles || bytes + all[i].Step.Item.Size > MostBytes)
            {
                yield return all[begin..i];
                (begin, bytes) = (i, 0);
            }

            bytes += all[i].Step.Item.Size;
        }

        yield return all[begin..];
    }

    private async Task<List<Step>> SendAsync((Step Step, CopyHow How)[] part, TreePath folder, bool overwrite, bool isKept, CancellationToken cancellationToken)
    {
        var names = part.ToDictionary(s => string.Join('/', s.Step.To.Below(folder.Depth).Names), s => s, StringComparer.Ordinal);
        var path = to.AddressOf(folder).Replace(":", "%3A", StringComparison.Ordinal);
        using var body = new TarContent(from, names);
        var sent = await to.Api.SendFileAsync(
            HttpMethod.Post, $"/files{path}:unpack?conflict={(overwrite ? "overwrite" : "fail")}&keep={(isKept ? "true" : "false")}", body, null, isLong: true, cancellationToken);
        if (sent.IsError)
        {
            return [];
        }

        var there = new List<Step>();
        using var response = sent.Value;
        try
        {
            await using var lines = await response.Content.ReadAsStreamAsync(cancellationToken);
            await foreach (var line in JsonSerializer.DeserializeAsyncEnumerable(lines, OperoneJson.Default.UnpackLine, topLevelValues: true, cancellationToken))
            {
                // one that has changed since it was read goes once more, by itself
                if (line?.Entry is { Outcome: UnpackOutcome.Unpacked } entry && names.TryGetValue(entry.Name, out var one) && entry.Bytes == one.Step.Item.Size)
                {
                    there.Add(one.Step);
                    progress.Moved(one.Step.Item.Size);
                    progress.Done();
                }
            }
        }
        catch (Exception problem) when (problem is JsonException || to.Api.Explain(problem, cancellationToken) is not null)
        {
            // what was not said to be there is sent by itself
        }

        return there;
    }

    /// <summary>The files as a tar, made as it is sent.</summary>
    private sealed class TarContent(LocalFiles from, Dictionary<string, (Step Step, CopyHow How)> files) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await using var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true);
            foreach (var (name, (step, how)) in files)
            {
                if (await ReadAsync(step.Item, cancellationToken) is not { } content)
                {
                    continue;
                }

                var entry = new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content, writable: false) };
                entry.Mode = (UnixFileMode)(how.Mode ?? 0x180);
                entry.ModificationTime = how.ModifiedAt ?? entry.ModificationTime;
                await tar.WriteEntryAsync(entry, cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        /// <summary>All of a file; null where it is not to be read, or is not what it was: it is sent by itself then.</summary>
        private async Task<byte[]?> ReadAsync(FileItem file, CancellationToken cancellationToken)
        {
            var opened = await from.OpenAsync(file, 0, null, cancellationToken);
            if (opened.IsError)
            {
                return null;
            }

            await using var stream = opened.Value;
            try
            {
                var content = new byte[file.Size];
                await stream.ReadExactlyAsync(content, cancellationToken);
                return content;
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }
}
