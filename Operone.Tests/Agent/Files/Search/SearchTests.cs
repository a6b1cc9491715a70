using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Agent.Files;
using Operone.Core.Channels;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Disk;
using Operone.Disk.Portable;
using Xunit;

namespace Operone.Tests.Agent.Files.Search;

/// <summary>What a search of a device's files finds, and what it never does.</summary>
[SupportedOSPlatform("linux")]
public sealed class SearchTests : IDisposable
{
    private readonly FilesUnderTest _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Text_InAFile_IsFoundWithItsPlace()
    {
        Write("a/b.txt", "one\ntwo needle\r\nthree\nneedle needle");
        var (found, end) = await SearchAsync(new() { Text = "needle" });

        Assert.Equal(
            [new("a/b.txt", FileKind.File, 2, 5, 6, 8, "two needle"), new("a/b.txt", FileKind.File, 4, 1, 6, 22, "needle needle")], found);
        Assert.Equal((1, 2, 35, 0), (end.Files, end.Matches, end.Bytes, end.Unreadable));
    }

    [Theory]
    [InlineData(1, 300)]
    [InlineData(200, 30)]
    public async Task Folders_ThatLieTooDeep_KeepNobodyFromTheOthers(int length, int depth)
    {
        Write("a", "needle");
        Write("z", "needle");
        await _files.MakeDeepAsync(length, depth);
        var (found, end) = await SearchAsync(new() { Text = "needle" });
        Assert.Equal(["a", "z"], found.Select(f => f.Path).Order());
        Assert.Equal(1, end.Unreadable);
    }

    [Theory]
    [InlineData("NEEDLE", false, false, false, "")]
    [InlineData("NEEDLE", false, true, false, "1 3")]
    [InlineData("need", false, false, true, "")]
    [InlineData("needle", false, false, true, "1")]
    [InlineData("n.{2}dle$", true, false, false, "1")]
    [InlineData("^the", true, false, false, "3")]
    [InlineData("(?:a|b)+c", true, false, false, "2")]
    [InlineData("needles?", true, true, true, "1 3")]
    [InlineData("é", false, false, false, "4")]
    [InlineData("É", false, true, false, "4")]
    [InlineData("a.b", false, false, false, "5")]
    public async Task Text_ByItsKind_IsFoundInItsLines(string text, bool isRegex, bool ignoreCase, bool word, string lines)
    {
        Write("f", "a needle\nxababc\nthe needles Needle!\ncafé\na.b a+b\n");
        var (found, _) = await SearchAsync(new() { Text = text, IsRegex = isRegex, IgnoreCase = ignoreCase, WholeWord = word });
        Assert.Equal(lines, string.Join(' ', found.Select(f => f.Line)));
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-8")]
    [InlineData("latin1")]
    public async Task Text_InAnyEncoding_IsFoundAtItsByte(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes("first\nzwölf Käse\r\nlast Käse")];
        File.WriteAllBytes(_files["f"], bytes);
        var (found, _) = await SearchAsync(new() { Text = "Käse" });

        Assert.Equal([(2L, 7), (3L, 6)], found.Select(f => (f.Line!.Value, f.Column!.Value)));
        Assert.Equal(["zwölf Käse", "last Käse"], found.Select(f => f.Text!));
        Assert.All(found, f => Assert.StartsWith("Käse", encoding.GetString(bytes[(int)f.Offset!..])));
    }

    [Fact]
    public async Task Names_ThatFit_AreFound()
    {
        foreach (var name in new[] { "a.conf", "d/b.conf", "d/e/c.CONF", "d/.hidden/x.conf", ".y.conf", "n\nl.conf" })
        {
            Write(name, "");
        }

        Directory.CreateDirectory(_files["folder.conf"]);
        Assert.Equal(["a.conf", "d/b.conf", "folder.conf", "n%0Al.conf"], await NamesAsync(new() { Name = "*.conf" }));
        Assert.Equal(["folder.conf"], await NamesAsync(new() { Name = "*.conf", Kind = FileKind.Folder }));
        Assert.Equal(["a.conf", "n%0Al.conf"], await NamesAsync(new() { Name = "*.conf", Kind = FileKind.File, MaxDepth = 0 }));
        Assert.Equal([".y.conf", "a.conf", "d/.hidden/x.conf", "d/b.conf", "d/e/c.CONF", "n%0Al.conf"], await NamesAsync(new() { Name = "*.conf", Hidden = true, IgnoreCase = true, Kind = FileKind.File }));
    }

    [Fact]
    public async Task Limits_AreHeld_AndSaid()
    {
        Write("a", string.Concat(Enumerable.Repeat("x\n", 50)));
        Write("large", new string('x', 5000));
        File.WriteAllBytes(_files["binary"], [1, 0, (byte)'x']);
        var (found, end) = await SearchAsync(new() { Text = "x", MaxMatches = 10, MaxFileBytes = 1000 });
        Assert.Equal((10, true), (found.Count, end.IsCut));

        (found, end) = await SearchAsync(new() { Text = "x", MaxFileBytes = 1000 });
        Assert.Equal((50, false, 1L, 1L, 1L), (found.Count, end.IsCut, end.Binary, end.TooLarge, end.Files));
    }

    [Fact]
    public async Task Line_OfAnyLength_IsShownInPart()
    {
        Write("f", new string('a', 3_000_000) + "needle" + new string('b', 2_000_000) + "\nneedle\n");
        var (found, _) = await SearchAsync(new() { Text = "needle" });
        Assert.Equal([(1L, 3_000_001, 3_000_000L), (2L, 1, 5_000_007L)], found.Select(f => (f.Line!.Value, f.Column!.Value, f.Offset!.Value)));
        Assert.All(found, f => Assert.InRange(f.Text!.Length, 6, FileQueryLimits.ShownText));
        Assert.Contains("needle", found[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_AsThePlace_IsSearchedItself()
    {
        Write("f", "one\nneedle");
        await using var client = await _files.OpenAsync();
        var replies = await client.CallAsync(new FileCall { Op = FileOps.Search, Path = _files.At("f"), Query = new() { Text = "needle" } });
        Assert.Equal([("", 2L)], replies.SelectMany(r => r.Found ?? []).Select(f => (f.Path, f.Line!.Value)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatIsHiddenOrOutside_IsNotFound(bool useRipgrep)
    {
        Write("seen", "secret");
        Write("x.key", "secret");
        Write("private/seen", "secret");
        Write("deep/a/b", "secret");
        File.CreateSymbolicLink(_files["link"], Path.Combine(_files.Outside, "secret"));
        Directory.CreateSymbolicLink(_files["folder"], _files.Outside);
        using (var made = System.Diagnostics.Process.Start("mkfifo", _files["pipe"]))
        {
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        for (var i = 0; i < 10; i++)
        {
            Write($"many/{i}", "secret");
        }

        var scope = _files.Scope with { Hidden = ["*.key", "private", $"{_files.Root}/deep/a"] };
        var (found, end) = await SearchAsync(new() { Text = "secret", Hidden = true }, scope, useRipgrep);
        Assert.Equal(["many/0", "many/1", "many/2", "many/3", "many/4", "many/5", "many/6", "many/7", "many/8", "many/9", "seen"], found.Select(f => f.Path).Order());
        Assert.Equal(useRipgrep && File.Exists("/usr/bin/rg") ? "ripgrep" : "agent", end.By);
        Assert.Equal(["deep", "folder", "link", "many", "pipe", "seen"], (await SearchAsync(new() { Name = "*", MaxDepth = 0, Hidden = true }, scope, useRipgrep)).Found.Select(f => f.Path).Order());
    }

    [Fact]
    public async Task AgentsOwnState_IsNotFound()
    {
        File.CreateSymbolicLink(_files["state"], _files.State);
        await using var client = await _files.OpenAsync(new FileScope(_files.Temp, true, []));
        var replies = await client.CallAsync(new FileCall { Op = FileOps.Search, Path = TreePath.Parse(_files.Temp).Value.ToAddress(), Query = new() { Text = "the key", Hidden = true } });
        Assert.Empty(replies.SelectMany(r => r.Found ?? []));
        Assert.Equal(1, replies[^1].Searched!.Files);
    }

    [Fact]
    public async Task Place_ThatIsNotThere_IsNoEmptyAnswer()
    {
        await using var client = await _files.OpenAsync();
        Assert.Equal(FileProblems.NotFound, await client.ProblemAsync(new FileCall { Op = FileOps.Search, Path = _files.At("gone"), Query = new() { Text = "x" } }));
        Assert.Equal(FileProblems.Failed, await client.ProblemAsync(new FileCall { Op = FileOps.Search, Path = _files.At(), Query = new() { Text = "(a", IsRegex = true } }));
        Assert.Equal(FileProblems.Failed, await client.ProblemAsync(new FileCall { Op = FileOps.Search, Path = _files.At(), Query = new() { Text = "(a{1000}){1000}", IsRegex = true } }));
        Assert.Equal(FileProblems.Failed, await client.ProblemAsync(new FileCall { Op = FileOps.Search, Path = _files.At(), Query = new() { Text = @"(a)\1", IsRegex = true } }));
        Assert.Equal(FileProblems.Failed, await client.ProblemAsync(new FileCall { Op = FileOps.Search, Path = _files.At(), Query = new() }));
    }

    [Fact]
    public async Task Searches_MoreThanAtOnce_AreRefused_AndEndWithTheirChannels()
    {
        for (var i = 0; i < 200; i++)
        {
            Write($"f{i}", string.Concat(Enumerable.Repeat(new string('x', 200) + "\n", 500)));
        }

        var call = new FileCall { Op = FileOps.Search, Path = _files.At(), Query = new() { Text = "x", MaxMatches = FileQueryLimits.MaxMatches } };
        var busy = new List<FileClient>();
        for (var i = 0; i < FileQueryLimits.AtOnce; i++)
        {
            // nobody reads what they find: they wait
            busy.Add(await _files.OpenAsync());
            await busy[^1].SendAsync(call);
            await busy[^1].ReplyAsync();
        }

        await using var client = await _files.OpenAsync();
        Assert.Equal(FileProblems.Busy, await client.ProblemAsync(call));
        foreach (var one in busy)
        {
            one.Socket.Abort();
            await one.DisposeAsync();
        }

        Assert.Null(await client.ProblemAsync(call with { Query = new() { Text = "y" } }));
    }

    [Fact]
    public async Task OtherSystems_FindTheSame()
    {
        Write("a/b", "needle");
        Write("a/.c", "needle");
        Write("d.key", "needle");
        var disk = new PortableDisk(_files.State);
        var found = await SearchAsync(disk, new() { Text = "needle" }, _files.Scope with { Hidden = ["*.key"] });
        Assert.Equal(["a/b"], found.Found.Select(f => f.Path));
    }

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_files[path])!);
        File.WriteAllText(_files[path], text);
    }

    private async Task<string[]> NamesAsync(FileQuery query) => [.. (await SearchAsync(query)).Found.Select(f => f.Path).Order(StringComparer.Ordinal)];

    private Task<(List<FileMatch> Found, FileSearched End)> SearchAsync(FileQuery query, FileScope? scope = null, bool useRipgrep = true) =>
        SearchAsync(_files.Disk, query, scope ?? _files.Scope, useRipgrep);

    private async Task<(List<FileMatch> Found, FileSearched End)> SearchAsync(IDisk disk, FileQuery query, FileScope scope, bool useRipgrep = true)
    {
        var service = new FileService(disk, _files.Uploads, TimeProvider.System, NullLogger<FileService>.Instance, useRipgrep);
        await using var client = await FileClient.OpenAsync(
            socket => service.ServeAsync(new OpenChannel(Guid.NewGuid(), ChannelPurposes.Files, Guid.Empty, ""), socket, default), scope);
        var replies = await client.CallAsync(new FileCall { Op = FileOps.Search, Path = _files.At(), Query = query });
        Assert.Null(replies[^1].Problem);
        return ([.. replies.SelectMany(r => r.Found ?? [])], replies[^1].Searched!);
    }
}
