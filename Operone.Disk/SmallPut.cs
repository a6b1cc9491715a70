using System.Security.Cryptography;
using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>
/// Writes many small files. Each goes beside its place first; then all are put on the disk by one call, not one for each; then each is put in its
/// place. So a file is there whole or not at all, also where the machine loses its power in between.
/// </summary>
internal sealed class SmallPut(IDisk disk, Uploads uploads)
{
    /// <summary>Writes them; gives for each what went wrong, or null.</summary>
    public FileProblem?[] Put(FileBounds bounds, IReadOnlyList<(SmallFile File, ReadOnlyMemory<byte> Content)> files, CancellationToken cancel)
    {
        var problems = new FileProblem?[files.Count];
        var batch = Guid.NewGuid();
        var places = new (FilePlace Place, Guid Upload, TreePath Part)?[files.Count];
        Each((i, file, content) =>
        {
            FileFault.RequireMode(file.Mode);
            if (file.Sha256 is { } sha && !SHA256.HashData(content.Span).AsSpan().SequenceEqual(sha))
            {
                throw new FileFault(FileProblems.BadDigest, $"What came of '{file.Path}' is not what was sent: its SHA-256 is another one.");
            }

            var (place, upload) = (bounds.At(file.Path), Guid.NewGuid());
            places[i] = (place, upload, disk.PartPath(place, upload));
        });
        uploads.NoteAll(batch, places.OfType<(FilePlace Place, Guid Upload, TreePath Part)>().Select(p => (p.Part, p.Place)));
        var parts = new IDiskPart?[files.Count];
        try
        {
            Each((i, _, content) =>
            {
                cancel.ThrowIfCancellationRequested();
                parts[i] = disk.OpenPart(places[i]!.Value.Place, places[i]!.Value.Upload, create: true);
                parts[i]!.Write(content.Span, 0);
            });
            SyncAll();
            Each((i, file, _) => parts[i]!.Commit(new PartCommit(file.Overwrite, null, file.Mode, file.ModifiedAt, IsDurable: false)));
            SyncAll();
        }
        finally
        {
            foreach (var (i, part) in parts.Index())
            {
                if (problems[i] is not null || cancel.IsCancellationRequested)
                {
                    part?.Discard();
                }

                part?.Dispose();
            }

            uploads.Forget(batch);
        }

        return problems;

        void SyncAll()
        {
            // where a whole file system cannot be put there at once, each part is by itself
            foreach (var together in parts.Index().Where(p => p.Item is not null && problems[p.Index] is null).GroupBy(p => (p.Item!.Volume, p.Item.Volume is null ? p.Index : -1)))
            {
                if (Try(together.First().Item!.SyncVolume) is { } problem)
                {
                    foreach (var (index, _) in together)
                    {
                        problems[index] = problem;
                    }
                }
            }
        }

        void Each(Action<int, SmallFile, ReadOnlyMemory<byte>> act)
        {
            for (var i = 0; i < files.Count; i++)
            {
                var at = i;
                problems[i] ??= Try(() => act(at, files[at].File, files[at].Content));
            }
        }
    }

    private static FileProblem? Try(Action act)
    {
        try
        {
            act();
            return null;
        }
        catch (FileFault fault)
        {
            return fault.Problem;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new FileProblem(FileProblems.Failed, fault.Message);
        }
    }
}
