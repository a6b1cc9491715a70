using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Mounts;

[SupportedOSPlatform("linux")]
public sealed class NodeFolderBackend(NodeFolder server) : FileBackendTests(server), IClassFixture<NodeFolder>;

[SupportedOSPlatform("linux")]
public sealed class OpenSshBackend(OpenSshServer server) : FileBackendTests(server), IClassFixture<OpenSshServer>;

[SupportedOSPlatform("linux")]
public sealed class ApacheBackend(ApacheServer server) : FileBackendTests(server), IClassFixture<ApacheServer>;

[SupportedOSPlatform("linux")]
public sealed class RcloneBackend(RcloneDavServer server) : FileBackendTests(server), IClassFixture<RcloneDavServer>;

/// <summary>What holds for every backend of a mount, against real servers.</summary>
[SupportedOSPlatform("linux")]
public abstract class FileBackendTests(FileServer server) : IAsyncLifetime
{
    private static readonly string[] _names = ["a", "b", "ü", "x y"];

    private BackendUnderTest? _mount;

    private BackendUnderTest Mount => _mount!;

    private string Folder { get; } = $"t{Guid.NewGuid():N}"[..10];

    private string OnDisk => Path.Combine(server.Root, Folder);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        _mount = new BackendUnderTest(server.Mount);
        var made = await Mount.Backend.MakeFolderAsync(Mount.Scope, Mount.At(Folder), parents: false, Cancelled);
        Assert.False(made.IsError, made.Error?.Detail);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _mount?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void Operations_InAnyOrder_DoWhatTheModelDoes()
    {
        var path = Gen.Int[0, 3].Select(i => _names[i]).Array[1, 3];
        var step = Gen.Select(Gen.Int[0, 5], path, path, Gen.Byte.Array[0, 20], Gen.Bool);
        var run = 0;
        step.Array[1, 20].Sample(
            steps => RunAsync($"r{++run}", steps.Select(s => new FolderStep(s.Item1, s.Item2, s.Item3, s.Item4, s.Item5)).ToArray()).GetAwaiter().GetResult(), iter: 25, threads: 1);
    }

    [Theory]
    [InlineData("a b.txt")]
    [InlineData("quote'\"s")]
    [InlineData("line\nbreak")]
    [InlineData("😀 emoji")]
    [InlineData("שלום")]
    [InlineData("100%")]
    [InlineData("%2e%2e")]
    [InlineData("..%2f..")]
    [InlineData("...")]
    [InlineData("#?&+=;:@")]
    [InlineData("back\\slash")]
    public async Task Name_OfAnyText_IsKept(string name)
    {
        Assert.SkipWhen(server is RcloneDavServer && name.Any(char.IsControl), "rclone shows a picture of control characters in their place");
        var put = await Mount.PutAsync(At(name), "one"u8.ToArray());
        Assert.False(put.IsError, put.Error?.Detail);
        var entry = Assert.Single((await Mount.ListAsync(At())).Value);
        Assert.Equal((name, FileKind.File, 3), (entry.Name, entry.Kind, entry.Size));
        Assert.Equal("one"u8.ToArray(), (await Mount.GetAsync(At(name))).Value);
        Assert.Equal(name, Path.GetFileName(Assert.Single(Directory.GetFileSystemEntries(OnDisk))));
        var moved = await Mount.Backend.RenameAsync(Mount.Scope, At(name), Mount.Scope, At("moved"), overwrite: false, Cancelled);
        Assert.False(moved.IsError, moved.Error?.Detail);
        Assert.False((await Mount.Backend.RemoveAsync(Mount.Scope, At("moved"), recursive: false, trash: false, Cancelled)).IsError);
        Assert.Empty(Directory.GetFileSystemEntries(OnDisk));
    }

    [Fact]
    public async Task Content_OfSomeMegabytes_IsRightInEveryPart()
    {
        var bytes = RandomNumberGenerator.GetBytes(5_000_000);
        var made = await Mount.PutAsync(At("big"), bytes, new(Sha256: SHA256.HashData(bytes)));
        Assert.False(made.IsError, made.Error?.Detail);
        Assert.Equal(bytes.Length, made.Value.Size);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(OnDisk, "big"), Cancelled));
        Assert.Equal(bytes, (await Mount.GetAsync(At("big"))).Value);
        foreach (var (offset, length) in ((long, long?)[])[(0, 1), (4_999_999, null), (1_234_567, 100_000), (4_999_990, 100), (5_000_000, null), (9_000_000, 5), (0, 0)])
        {
            Assert.Equal(bytes.Skip((int)offset).Take((int)(length ?? int.MaxValue)).ToArray(), (await Mount.GetAsync(At("big"), offset, length)).Value);
        }

        Assert.Equal(SHA256.HashData(bytes), (await Mount.Backend.HashAsync(Mount.Scope, At("big"), Cancelled)).Value);
    }

    [Fact]
    public async Task Upload_InStretches_GoesOnWhereItStands()
    {
        var bytes = RandomNumberGenerator.GetBytes(900_000);
        var upload = Guid.CreateVersion7();
        var at = 0L;
        while (at < bytes.Length)
        {
            var begun = await Mount.Backend.WriteAsync(Mount.Scope, At("up"), upload, at, Cancelled);
            Assert.False(begun.IsError, begun.Error?.Detail);
            await using var writing = begun.Value;
            Assert.Equal(at, writing.Offset);
            Assert.False((await writing.WriteAsync(bytes.AsMemory((int)at, 300_000), Cancelled)).IsError);
            at = (await writing.EndAsync(Cancelled)).Value;
        }

        Assert.Equal(bytes.Length, at);
        Assert.Empty((await Mount.ListAsync(At())).Value); // what is not whole is in no list
        await using (var asked = (await Mount.Backend.WriteAsync(Mount.Scope, At("up"), upload, long.MaxValue, Cancelled)).Value)
        {
            Assert.Equal(bytes.Length, asked.Offset);
        }

        var made = await Mount.Backend.CommitAsync(Mount.Scope, At("up"), upload, new(Sha256: SHA256.HashData(bytes)), Cancelled);
        Assert.False(made.IsError, made.Error?.Detail);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(OnDisk, "up"), Cancelled));
        Assert.Single(Directory.GetFileSystemEntries(OnDisk));
    }

    [Fact]
    public async Task Upload_BegunAnew_HasNothingOfWhatWasSentBefore()
    {
        var upload = Guid.CreateVersion7();
        foreach (var text in (string[])["a first try that is longer", "second"])
        {
            await using var writing = (await Mount.Backend.WriteAsync(Mount.Scope, At("f"), upload, 0, Cancelled)).Value;
            Assert.Equal(0, writing.Offset);
            Assert.False((await writing.WriteAsync(Encoding.UTF8.GetBytes(text), Cancelled)).IsError);
            await writing.EndAsync(Cancelled);
        }

        Assert.False((await Mount.Backend.CommitAsync(Mount.Scope, At("f"), upload, new(), Cancelled)).IsError);
        Assert.Equal("second", await File.ReadAllTextAsync(Path.Combine(OnDisk, "f"), Cancelled));
    }

    [Fact]
    public async Task SmallFiles_PutTogether_AreEachThereOrSaidNotToBe()
    {
        Assert.False((await Mount.PutAsync(At("there"), "old"u8.ToArray())).IsError);
        WholeFile[] files =
        [
            .. Enumerable.Range(0, 30).Select(i => new WholeFile(At($"f{i}"), Encoding.UTF8.GetBytes($"file {i}"), new())),
            new(At("there"), "new"u8.ToArray(), new()),
            new(At("none", "deeper"), "x"u8.ToArray(), new()),
            new(At("wrong"), "x"u8.ToArray(), new(Sha256: SHA256.HashData("y"u8))),
            new(At("empty"), default, new(Sha256: SHA256.HashData([]))),
        ];
        var put = await Mount.Backend.PutAsync(Mount.Scope, files, Cancelled);
        Assert.False(put.IsError, put.Error?.Detail);
        Assert.Equal(["file-exists", "file-not-found", "bad-digest"], put.Value.OfType<Error>().Select(e => e.Code));
        Assert.Equal(32, Directory.GetFileSystemEntries(OnDisk).Length);
        Assert.Equal("file 29", await File.ReadAllTextAsync(Path.Combine(OnDisk, "f29"), Cancelled));
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(OnDisk, "there"), Cancelled));
    }

    [Fact]
    public async Task SmallFiles_ReadTogether_ComeInTurnButForThoseThatAreNone()
    {
        await File.WriteAllTextAsync(Path.Combine(OnDisk, "one"), "one", Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(OnDisk, "empty"), [], Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(OnDisk, "large"), new byte[FileLimits.SmallBytes + 1], Cancelled);
        Directory.CreateDirectory(Path.Combine(OnDisk, "folder"));
        var got = await Mount.Backend.GetAsync(Mount.Scope, [At("one"), At("none"), At("empty"), At("large"), At("folder")], Cancelled);
        Assert.False(got.IsError, got.Error?.Detail);
        Assert.Equal(["one", null, "", null, null], got.Value.Select(f => f is null ? null : Encoding.UTF8.GetString(f.Content.Span)));
        Assert.Equal(3, got.Value[0]!.Entry.Size);
    }

    [Fact]
    public async Task Commit_ThatIsNotRight_LeavesTheOldFileAndNothingElse()
    {
        Assert.False((await Mount.PutAsync(At("f"), "old"u8.ToArray())).IsError);
        var tag = (await Mount.Backend.StatAsync(Mount.Scope, At("f"), false, Cancelled)).Value.Tag;
        Assert.Equal("file-exists", (await Mount.PutAsync(At("f"), "x"u8.ToArray())).Error?.Code);
        Assert.Equal("bad-digest", (await Mount.PutAsync(At("f"), "x"u8.ToArray(), new(Overwrite: true, Sha256: SHA256.HashData("y"u8)))).Error?.Code);
        Assert.Equal("file-changed", (await Mount.PutAsync(At("f"), "x"u8.ToArray(), new(Tag: "another"))).Error?.Code);
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(OnDisk, "f"), Cancelled));
        Assert.Single(Directory.GetFileSystemEntries(OnDisk));
        Assert.False((await Mount.PutAsync(At("f"), "new!"u8.ToArray(), new(Tag: tag))).IsError);
        Assert.Equal("new!", await File.ReadAllTextAsync(Path.Combine(OnDisk, "f"), Cancelled));
    }

    [Fact]
    public async Task Folder_IsListedInOrderAndPages()
    {
        foreach (var name in (string[])["b", "A", "c10", "zz", "ä"])
        {
            Assert.False((await Mount.PutAsync(At(name), Encoding.UTF8.GetBytes(name + name))).IsError);
        }

        await Mount.Backend.MakeFolderAsync(Mount.Scope, At("folder", "in", "it"), parents: true, Cancelled);
        Assert.Equal(["folder", "A", "b", "c10", "zz", "ä"], (await Mount.ListAsync(At())).Value.Select(e => e.Name));
        Assert.Equal(["folder", "ä", "zz", "c10", "b", "A"], (await Mount.ListAsync(At(), new("-name"))).Value.Select(e => e.Name));
        Assert.Equal("c10", (await Mount.ListAsync(At(), new("-size", Limit: 1))).Value.Single().Name);
        Assert.Equal(["folder", "A", "b"], (await Mount.ListAsync(At(), new(Limit: 3))).Value.Select(e => e.Name));
        Assert.Equal(["c10", "zz", "ä"], (await Mount.ListAsync(At(), new(After: "b", Limit: 3))).Value.Select(e => e.Name));
        Assert.Equal(["c10"], (await Mount.ListAsync(At(), new(Filter: "C1"))).Value.Select(e => e.Name));
        Assert.Equal(["b", "c10"], (await Mount.ListAsync(At(), new(Limit: 2, Skip: 2))).Value.Select(e => e.Name));
        Assert.Equal(["zz"], (await Mount.ListAsync(At(), new(Filter: "Z", Skip: 0))).Value.Select(e => e.Name));
        Assert.Empty((await Mount.ListAsync(At(), new(Filter: "Z", Skip: 1))).Value);
        Assert.Equal(8, (await Mount.WalkAsync(At())).Count);
        Assert.Contains((await Mount.WalkAsync(At())), e => e.Segment == "folder/in/it");
    }

    [Fact]
    public async Task Scope_ThatHidesAndIsReadOnly_IsHeld()
    {
        foreach (var path in (string[][])[[".git", "config"], ["x.key"], ["open"], ["deep", "x.key"]])
        {
            Assert.False((await Mount.Backend.MakeFolderAsync(Mount.Scope, At(path).Parent, parents: true, Cancelled)).IsError);
            Assert.False((await Mount.PutAsync(At(path), "x"u8.ToArray())).IsError);
        }

        var (_, hiding, _) = Mount.Open(server.Mount with { Hidden = [".git", "*.key", $"/{Folder}/deep"] });
        Assert.Equal(["open"], (await Mount.ListAsync(At(), null, hiding)).Value.Select(e => e.Name));
        Assert.Equal(ErrorKind.NotFound, (await Mount.GetAsync(At("x.key"), 0, null, hiding)).Error?.Kind);
        Assert.Equal(ErrorKind.NotFound, (await Mount.GetAsync(At(".git", "config"), 0, null, hiding)).Error?.Kind);
        Assert.Equal(ErrorKind.NotFound, (await Mount.PutAsync(At("deep", "new"), [], null, 1, hiding)).Error?.Kind);
        Assert.True((await Mount.Backend.RemoveAsync(hiding, At(), recursive: true, trash: false, Cancelled)).IsError);
        Assert.True(File.Exists(Path.Combine(OnDisk, ".git", "config")));
        var (_, reading, _) = Mount.Open(server.Mount with { IsWritable = false });
        Assert.Equal("file-read-only", (await Mount.PutAsync(At("new"), [], null, 1, reading)).Error?.Code);
        Assert.Equal("file-read-only", (await Mount.Backend.RemoveAsync(reading, At("deep"), true, false, Cancelled)).Error?.Code);
        Assert.Equal("file-read-only", (await Mount.Backend.MakeFolderAsync(reading, At("new"), false, Cancelled)).Error?.Code);
        Assert.Equal("file-read-only", (await Mount.Backend.ChangeAsync(reading, At("deep"), new(Mode: 0x1FF), Cancelled)).Error?.Code);
    }

    [Fact]
    public async Task Top_IsNeitherRemovedNorMovedNorReplaced()
    {
        Assert.True((await Mount.Backend.RemoveAsync(Mount.Scope, Mount.Top, recursive: true, trash: false, Cancelled)).IsError);
        Assert.True((await Mount.Backend.RenameAsync(Mount.Scope, Mount.Top, Mount.Scope, At("x"), overwrite: true, Cancelled)).IsError);
        Assert.True((await Mount.PutAsync(Mount.Top, "x"u8.ToArray(), new(Overwrite: true))).IsError);
        Assert.True(Directory.Exists(OnDisk));
    }

    [Fact]
    public async Task Links_LeadNowhereOutside()
    {
        Assert.SkipUnless(server.HasLinks, "links are the other server's to follow");
        await File.WriteAllTextAsync(Path.Combine(OnDisk, "real"), "real", Cancelled);
        File.CreateSymbolicLink(Path.Combine(OnDisk, "inside"), "real");
        File.CreateSymbolicLink(Path.Combine(OnDisk, "file"), Path.Combine(server.Outside, "secret"));
        File.CreateSymbolicLink(Path.Combine(OnDisk, "folder"), server.Outside);
        File.CreateSymbolicLink(Path.Combine(OnDisk, "nothing"), Path.Combine(server.Outside, "nothing"));
        File.CreateSymbolicLink(Path.Combine(OnDisk, "up"), "../../outside");

        var listed = (await Mount.ListAsync(At())).Value;
        Assert.Equal(5, listed.Count(e => e.Kind == FileKind.Link));
        Assert.All(listed.Where(e => e.Kind == FileKind.Link), e => Assert.Equal(e.Name == "inside" ? FileKind.File : null, e.TargetKind));
        Assert.Equal("real", Encoding.UTF8.GetString((await Mount.GetAsync(At("inside"))).Value));
        foreach (var names in (string[][])[["file"], ["folder", "secret"], ["up", "secret"]])
        {
            Assert.Equal("file-outside", (await Mount.GetAsync(At(names))).Error?.Code);
        }

        Assert.True((await Mount.ListAsync(At("folder"))).IsError);
        Assert.True((await Mount.PutAsync(At("folder", "new"), "x"u8.ToArray())).IsError);
        Assert.True((await Mount.Backend.MakeFolderAsync(Mount.Scope, At("folder", "new"), parents: true, Cancelled)).IsError);
        Assert.True((await Mount.Backend.MakeFolderAsync(Mount.Scope, At("nothing"), parents: false, Cancelled)).IsError);
        Assert.True((await Mount.PutAsync(At("nothing"), "x"u8.ToArray())).IsError); // it is there: a link
        Assert.False((await Mount.PutAsync(At("file"), "mine"u8.ToArray(), new(Overwrite: true))).IsError); // the link is replaced
        Assert.False((await Mount.PutAsync(At("nothing"), "mine"u8.ToArray(), new(Overwrite: true))).IsError);
        Assert.False((await Mount.Backend.RenameAsync(Mount.Scope, At("up"), Mount.Scope, At("moved"), overwrite: false, Cancelled)).IsError);
        Assert.False((await Mount.Backend.RemoveAsync(Mount.Scope, At("folder"), recursive: true, trash: false, Cancelled)).IsError);
        Assert.False((await Mount.Backend.RemoveAsync(Mount.Scope, At("moved"), recursive: true, trash: false, Cancelled)).IsError);
        Assert.Equal(["secret"], Directory.GetFileSystemEntries(server.Outside).Select(Path.GetFileName));
        Assert.Equal("secret", await File.ReadAllTextAsync(Path.Combine(server.Outside, "secret"), Cancelled));
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(OnDisk, "file"), Cancelled));
    }

    [Fact]
    public async Task WhatItCannotDo_IsRefusedWithWords()
    {
        Assert.False((await Mount.PutAsync(At("f"), "x"u8.ToArray())).IsError);
        var abilities = Mount.Backend.Abilities;
        var changed = await Mount.Backend.ChangeAsync(Mount.Scope, At("f"), new(Mode: 0x1C0), Cancelled);
        Assert.Equal(abilities.HasModes ? null : "file-unsupported", changed.Error?.Code);
        Assert.Equal(abilities.HasModes ? 0x1C0 : null, changed.IsError ? null : changed.Value.Mode);
        var linked = await Mount.Backend.MakeLinkAsync(Mount.Scope, At("l"), "f", Cancelled);
        Assert.Equal(abilities.CanLink ? null : "file-unsupported", linked.Error?.Code);
        if (!abilities.CanTrash)
        {
            Assert.Equal("file-unsupported", (await Mount.Backend.RemoveAsync(Mount.Scope, At("f"), false, trash: true, Cancelled)).Error?.Code);
        }

        if (!abilities.CanWatch)
        {
            Assert.Equal("file-unsupported", (await Mount.Backend.WatchAsync(Mount.Scope, At(), _ => ValueTask.CompletedTask, Cancelled)).Error?.Code);
        }
    }

    private TreePath At(params string[] names) => Mount.At([Folder, .. names]);

    private async Task RunAsync(string run, FolderStep[] steps)
    {
        var model = new FolderModel();
        await Mount.Backend.MakeFolderAsync(Mount.Scope, At(run), parents: false, Cancelled);
        foreach (var step in steps)
        {
            var (path, to) = (At([run, .. step.Path]), At([run, .. step.To]));
            var error = step.Kind switch
            {
                0 => (await Mount.PutAsync(path, step.Content, new(Overwrite: step.Flag))).Error,
                1 => (await Mount.Backend.MakeFolderAsync(Mount.Scope, path, step.Flag, Cancelled)).Error,
                2 => (await Mount.Backend.RemoveAsync(Mount.Scope, path, step.Flag, trash: false, Cancelled)).Error,
                3 => (await Mount.Backend.RenameAsync(Mount.Scope, path, Mount.Scope, to, step.Flag, Cancelled)).Error,
                4 => (await Mount.GetAsync(path)).Error,
                _ => (await Mount.ListAsync(path)).Error,
            };
            var isRight = model.Do(step);
            Assert.True(isRight == error is null, $"{step.Kind} {string.Join('/', step.Path)} to {string.Join('/', step.To)} {step.Flag} is {isRight} in the model, and here: {error?.Detail ?? "done"}");
        }

        var there = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in await Mount.WalkAsync(At(run)))
        {
            var names = TreePath.Parse(entry.Segment).Value.Names.ToArray();
            there[string.Join('/', names)] = entry.Kind == FileKind.Folder ? "/" : Convert.ToHexString((await Mount.GetAsync(At([run, .. names]))).Value);
        }

        Assert.Equal(model.All, there);
        Assert.Empty(Directory.GetFiles(Path.Combine(OnDisk, run), ".operone-*", SearchOption.AllDirectories));
    }
}
