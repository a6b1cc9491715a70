using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using CsCheck;
using Operone.Core.Files;
using Operone.Disk;
using Xunit;

namespace Operone.Tests.Agent.Files;

[SupportedOSPlatform("linux")]
public sealed class FileNamesTests
{
    private static readonly string[] _names =
    [
        "a b", "it's", "\"quoted\"", "new\nline", "tab\t", "\u001b[31mred", "😀🎉", "مرحبا", "‮evil", "é", "e\u0301", " leading", "trailing ", "-rf", "~", "$HOME", "*", "?", "%41", "a;b&c", "\\", "CON", "..a", "...", new string('x', 255), new string('é', 127),
        FileName.FromBytes([0xFF, 0xFE, (byte)'a']), FileName.FromBytes([(byte)'n', 0xC3]), FileName.FromBytes([0xED, 0xB2, 0x80]), FileName.FromBytes([0xE9, (byte)'t', 0xE9]),
    ];

    /// <summary>As segments: a test's arguments are Unicode text.</summary>
    public static TheoryData<string> Names => new(_names.Select(FileName.ToSegment));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Name_OfAnyBytes_IsKeptThroughEveryOp(string segment)
    {
        var name = FileName.FromSegment(segment)!;
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        Assert.Null((await client.PutAsync(files.At(name), [1, 2, 3])).Problem);
        Assert.Equal(FileName.ToBytes(name), Shell("ls", "-A", "--zero", files.Root).TrimEnd((byte)0));
        Assert.Equal([name], (await client.EntriesAsync(new() { Op = FileOps.List, Path = files.Root })).Select(e => e.Name));
        Assert.Equal([FileName.ToSegment(name)], (await client.EntriesAsync(new() { Op = FileOps.Walk, Path = files.Root })).Select(e => e.Segment));
        Assert.Equal([1, 2, 3], (await client.ReadAsync(files.At(name))).Content);
        Assert.Equal(3, (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At(name) })).Entry!.Size);
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At(name), To = files.At("x") }));
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("x"), To = files.At(name) }));
        Assert.Equal(1, (await client.LastAsync(new() { Op = FileOps.Remove, Path = files.At(name) })).Count);
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.MakeFolder, Path = files.At(name) }));
        Assert.Null((await client.PutAsync(files.At(name, name), [1])).Problem);
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.MakeLink, Path = files.At(name, "l"), To = FileName.ToSegment(name) }));
        Assert.Equal(FileKind.File, (await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At(name, "l") })).Entry!.TargetKind);
        Assert.Equal([1], (await client.ReadAsync(files.At(name, "l"))).Content);
        Assert.Equal(3, (await client.LastAsync(new() { Op = FileOps.Remove, Path = files.At(name), Recursive = true })).Count);
    }

    [Fact]
    public async Task Name_TooLong_IsBad()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = FileOps.MakeFolder, Path = files.Root + "/" + new string('x', 256) }));
        Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = FileOps.MakeFolder, Path = files.Root + "/" + string.Concat(Enumerable.Repeat("%C3%A9", 128)) }));
        Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = FileOps.Stat, Path = files.Root + string.Concat(Enumerable.Repeat("/" + new string('x', 200), 21)) }));
    }

    [Fact]
    public void Listing_OfAnyNames_IsSortedAsPeopleExpect()
    {
        var name = Gen.OneOf(Gen.String[Gen.Char["aAbBzZ09_é.-\u0131\u017F"], 1, 12], Gen.String[1, 20]).Where(n => FileName.Check(n) is null && FileName.FromBytes(FileName.ToBytes(n)) == n);
        Gen.Select(Gen.Select(name, Gen.Bool).Array[0, 60], Gen.Bool).Sample((entries, isDown) =>
        {
            var folder = new FakeFolder(entries.DistinctBy(e => e.Item1).ToArray());
            var listing = FolderListing.Read(folder, ListOrder.Name, isDown, default);
            var sorted = folder.Names.Order(Comparer<(string Name, bool IsFolder)>.Create((a, b) =>
                a.IsFolder != b.IsFolder ? (a.IsFolder ? -1 : 1) : FolderListing.CompareNames(a.Name, b.Name) * (isDown ? -1 : 1))).Select(n => n.Name);
            Assert.Equal(sorted, Enumerable.Range(0, listing.Count).Select(i => listing.Name(i).ToString()));
        });
    }

    private static ReadOnlySpan<byte> Shell(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        return output.ToArray();
    }

    private sealed class FakeFolder((string Name, bool IsFolder)[] names) : IDiskFolder
    {
        public (string Name, bool IsFolder)[] Names => names;

        public FolderStamp Stamp => default;

        public void Read(FolderNames into)
        {
            foreach (var (name, isFolder) in names)
            {
                into.Add(Encoding.UTF8.GetBytes(name), isFolder ? FileKind.Folder : FileKind.File);
            }
        }

        public FileEntry? Entry(string name) => null;

        public (long Size, long Modified) Weigh(string name) => default;

        public void Dispose()
        {
        }
    }
}
