using System.Runtime.Versioning;
using CsCheck;
using Operone.Core.Files;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Files;

/// <summary>Random operations against a model of a folder: what is there afterwards is the same.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileModelTests
{
    private static readonly string[] _names = ["a", "b", "ü", "x y"];

    [Fact]
    public void Operations_InAnyOrder_DoWhatTheModelDoes()
    {
        var path = Gen.Int[0, 3].Select(i => _names[i]).Array[1, 3];
        var step = Gen.Select(Gen.Int[0, 5], path, path, Gen.Byte.Array[0, 20], Gen.Bool);
        step.Array[1, 25].Sample(
            steps => RunAsync(steps.Select(s => new FolderStep(s.Item1, s.Item2, s.Item3, s.Item4, s.Item5)).ToArray()).GetAwaiter().GetResult(), iter: 60, threads: 1);
    }

    private static async Task RunAsync(FolderStep[] steps)
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        var model = new FolderModel();
        foreach (var step in steps)
        {
            var (path, to) = (files.At(step.Path), files.At(step.To));
            var problem = step.Kind switch
            {
                0 => (await client.PutAsync(path, step.Content, step.Flag)).Problem,
                1 => (await client.LastAsync(new() { Op = FileOps.MakeFolder, Path = path, Recursive = step.Flag })).Problem,
                2 => (await client.LastAsync(new() { Op = FileOps.Remove, Path = path, Recursive = step.Flag })).Problem,
                3 => (await client.LastAsync(new() { Op = FileOps.Rename, Path = path, To = to, Overwrite = step.Flag })).Problem,
                4 => (await client.ReadAsync(path)).Last.Problem,
                _ => (await client.LastAsync(new() { Op = FileOps.List, Path = path })).Problem,
            };
            Assert.Equal(model.Do(step), problem is null);
            foreach (var part in Directory.GetFiles(files.Root, ".operone-*", SearchOption.AllDirectories))
            {
                File.Delete(part); // of what was refused
            }

            var there = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in await client.EntriesAsync(new() { Op = FileOps.Walk, Path = files.Root }))
            {
                var names = TreePath.Parse(entry.Segment).Value.Names.ToArray();
                there[string.Join('/', names)] = entry.Kind == FileKind.Folder ? "/" : Convert.ToHexString((await client.ReadAsync(files.At(names))).Content);
            }

            Assert.Equal(model.All, there);
        }
    }
}
