using System.Runtime.Versioning;
using CsCheck;
using Operone.Core.Files;
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
            steps => RunAsync(steps.Select(s => new Step(s.Item1, s.Item2, s.Item3, s.Item4, s.Item5)).ToArray()).GetAwaiter().GetResult(), iter: 60, threads: 1);
    }

    private static async Task RunAsync(Step[] steps)
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        var model = new Model();
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

    private sealed record Step(int Kind, string[] Path, string[] To, byte[] Content, bool Flag);

    private sealed class Model
    {
        public SortedDictionary<string, string> All { get; } = new(StringComparer.Ordinal);

        public bool Do(Step step)
        {
            var path = string.Join('/', step.Path);
            var to = string.Join('/', step.To);
            var isThere = All.TryGetValue(path, out var what);
            switch (step.Kind)
            {
                case 0:
                    if (!HasParent(step.Path) || (isThere && (what == "/" || !step.Flag)))
                    {
                        return false;
                    }

                    All[path] = Convert.ToHexString(step.Content);
                    return true;
                case 1 when step.Flag:
                    for (var i = 1; i <= step.Path.Length; i++)
                    {
                        if (All.TryGetValue(string.Join('/', step.Path[..i]), out var above) && above != "/")
                        {
                            return false;
                        }
                    }

                    for (var i = 1; i <= step.Path.Length; i++)
                    {
                        All[string.Join('/', step.Path[..i])] = "/";
                    }

                    return true;
                case 1:
                    return !isThere && HasParent(step.Path) && All.TryAdd(path, "/");
                case 2:
                    var below = Below(path);
                    if (!isThere || (below.Count > 0 && !step.Flag))
                    {
                        return false;
                    }

                    below.ForEach(b => All.Remove(b));
                    return All.Remove(path);
                case 3:
                    return isThere && Move(path, what!, to, step);
                case 4:
                    return isThere && what != "/";
                default:
                    return what == "/";
            }
        }

        private bool Move(string path, string what, string to, Step step)
        {
            var isThere = All.TryGetValue(to, out var old);
            if (!HasParent(step.To) || to.StartsWith(path + "/", StringComparison.Ordinal) || (isThere && !step.Flag))
            {
                return false;
            }

            if (path == to)
            {
                return true;
            }

            // a folder replaces an empty folder, a file a file
            if (isThere && ((what == "/") != (old == "/") || Below(to).Count > 0))
            {
                return false;
            }

            foreach (var name in Below(path))
            {
                All[to + name[path.Length..]] = All[name];
                All.Remove(name);
            }

            All.Remove(path);
            All[to] = what;
            return true;
        }

        private bool HasParent(string[] path) => path.Length == 1 || (All.TryGetValue(string.Join('/', path[..^1]), out var parent) && parent == "/");

        private List<string> Below(string path) => [.. All.Keys.Where(k => k.StartsWith(path + "/", StringComparison.Ordinal))];
    }
}
