using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using Operone.Core.Files;
using Xunit;

namespace Operone.Tests.Agent.Files;

/// <summary>What leads out, and what is not to be seen, with the kernel's help and without it.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostileFilesTests
{
    private static readonly string[] _readers = [FileOps.Read, FileOps.List, FileOps.Hash, FileOps.Walk, FileOps.Watch];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Links_ThatLeadOut_AreRefused(bool useKernel)
    {
        using var files = new FilesUnderTest(useKernel);
        File.CreateSymbolicLink(files["absolute"], files.Outside);
        File.CreateSymbolicLink(files["relative"], "../outside");
        Directory.CreateDirectory(files["sub"]);
        File.CreateSymbolicLink(files["sub/deep"], "../../outside/secret");
        File.CreateSymbolicLink(files["chain"], "sub/deep");
        File.CreateSymbolicLink(files["magic"], "/proc/self/root");
        File.CreateSymbolicLink(files["loop"], "loop");
        await using var client = await files.OpenAsync();
        foreach (var op in _readers)
        {
            foreach (string[] path in (string[][])[["absolute"], ["absolute", "secret"], ["relative"], ["relative", "secret"], ["sub", "deep"], ["chain"], ["magic"], ["magic", "etc"], ["loop"]])
            {
                Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = op, Path = files.At(path) }));
            }
        }

        foreach (var path in (string[][])[["absolute", "new"], ["relative", "new"], ["absolute", "secret"]])
        {
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.MakeFolder, Path = files.At(path), Recursive = true }));
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.MakeLink, Path = files.At(path), To = "x" }));
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.At(path), Recursive = true }));
            Assert.Equal(FileProblems.Outside, (await client.PutAsync(files.At(path), [1])).Problem!.Code);
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("sub"), To = files.At(path) }));
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.Change, Path = files.At(path), Mode = 0x1FF }));
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.Stat, Path = files.At(path) }));
        }

        Assert.Equal(["secret"], Directory.GetFileSystemEntries(files.Outside).Select(Path.GetFileName));
        Assert.Equal("secret", File.ReadAllText(Path.Combine(files.Outside, "secret")));

        // what is done to a link is done to the link
        Assert.Null(await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.At("absolute"), Recursive = true }));
        Assert.Null((await client.PutAsync(files.At("sub", "deep"), [1], overwrite: true)).Problem);
        Assert.Equal(1, new FileInfo(files["sub/deep"]).Length);
        Assert.Equal("secret", File.ReadAllText(Path.Combine(files.Outside, "secret")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Paths_OutsideOfTheRoot_AreRefused(bool useKernel)
    {
        using var files = new FilesUnderTest(useKernel);
        await using var client = await files.OpenAsync();
        foreach (var op in (string[])[.. _readers, FileOps.Stat, FileOps.Remove, FileOps.MakeFolder])
        {
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = op, Path = files.Outside }));
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = op, Path = "/" }));
            Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = op, Path = files.Root + "more" }));
            Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = op, Path = files.Root + "/../outside" }));
            Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = op, Path = files.Root + "/%2e%2E/outside" }));
            Assert.Equal(FileProblems.BadName, await client.ProblemAsync(new() { Op = op, Path = files.Root + "/..%2Foutside" }));
        }

        File.WriteAllText(files["f"], "1");
        Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("f"), To = files.Outside + "/f" }));
        Assert.Equal(FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.Root, Recursive = true }));
        Assert.Equal(FileProblems.NotFound, await client.ProblemAsync(new() { Op = FileOps.Read, Path = files.At("f", "below") }));
        Assert.True(File.Exists(files["f"]));
    }

    [Fact]
    public async Task LinksWithinTheRoot_AreFollowed()
    {
        using var files = new FilesUnderTest();
        Directory.CreateDirectory(files["a/b"]);
        File.WriteAllText(files["a/f"], "1");
        File.CreateSymbolicLink(files["l"], "a");
        File.CreateSymbolicLink(files["a/b/up"], "../f");
        await using var client = await files.OpenAsync();
        Assert.Equal("1"u8.ToArray(), (await client.ReadAsync(files.At("l", "b", "up"))).Content);
        Assert.Equal(["b", "f"], (await client.EntriesAsync(new() { Op = FileOps.List, Path = files.At("l") })).Select(e => e.Name));
        Assert.Null((await client.PutAsync(files.At("l", "new"), [1])).Problem);
        Assert.True(File.Exists(files["a/new"]));
    }

    [Fact]
    public async Task WhatIsNoFile_IsListedAndNeverOpened()
    {
        using var files = new FilesUnderTest();
        Run("mkfifo", files["pipe"]);
        Run("mknod", files["null"], "c", "1", "3");
        File.CreateSymbolicLink(files["link"], "pipe");
        await using var client = await files.OpenAsync();
        Assert.Equal([("null", FileKind.Other), ("pipe", FileKind.Other)], (await client.EntriesAsync(new() { Op = FileOps.List, Path = files.Root })).Where(e => e.Kind == FileKind.Other).Select(e => (e.Name, e.Kind)));
        foreach (var name in (string[])["pipe", "null", "link"])
        {
            Assert.Equal(FileProblems.WrongKind, await client.ProblemAsync(new() { Op = FileOps.Read, Path = files.At(name) }));
            Assert.Equal(FileProblems.WrongKind, await client.ProblemAsync(new() { Op = FileOps.Hash, Path = files.At(name) }));
        }

        Assert.Equal(FileProblems.WrongKind, (await client.PutAsync(files.At("pipe"), [1], overwrite: true)).Problem!.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatIsHidden_IsNeitherListedNorOpenedByAnyWay(bool useKernel)
    {
        using var files = new FilesUnderTest(useKernel);
        Directory.CreateDirectory(files["open/private"]);
        File.WriteAllText(files["open/private/f"], "1");
        File.WriteAllText(files["open/x.key"], "1");
        File.CreateSymbolicLink(files["l"], "open/private");
        File.CreateSymbolicLink(files["k"], "open/x.key");
        await using var client = await files.OpenAsync(new(files.Root, true, ["*.key", files.Root + "/open/private"]));
        foreach (string[] path in (string[][])[["open", "private"], ["open", "private", "f"], ["open", "x.key"]])
        {
            foreach (var op in (string[])[.. _readers, FileOps.Stat, FileOps.Remove, FileOps.Change, FileOps.MakeFolder, FileOps.MakeLink])
            {
                Assert.Equal(FileProblems.NotFound, await client.ProblemAsync(new() { Op = op, Path = files.At(path), To = "x", Recursive = true }));
            }

            Assert.Equal(FileProblems.NotFound, (await client.PutAsync(files.At(path), [1], overwrite: true)).Problem!.Code);
        }

        foreach (string[] path in (string[][])[["l"], ["l", "f"], ["k"]])
        {
            Assert.Equal(useKernel ? FileProblems.NotFound : FileProblems.Outside, await client.ProblemAsync(new() { Op = FileOps.Read, Path = files.At(path) }));
        }

        Assert.Null((await client.LastAsync(new() { Op = FileOps.Stat, Path = files.At("k") })).Entry!.TargetKind);
        Assert.Empty(await client.EntriesAsync(new() { Op = FileOps.List, Path = files.At("open") }));
        Assert.Equal(["k", "l", "open"], (await client.EntriesAsync(new() { Op = FileOps.Walk, Path = files.Root })).Select(e => e.Name).Order());

        // moved elsewhere it would be seen; and it does not go with what it lies in
        Assert.Equal(FileProblems.Denied, await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.At("open"), To = files.At("moved") }));
        Assert.Equal(FileProblems.NotEmpty, await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.At("open"), Recursive = true }));
        Assert.Equal("1", File.ReadAllText(files["open/private/f"]));
        Assert.True(File.Exists(files["open/x.key"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task StateDirectory_IsNeverSeen(bool useKernel)
    {
        using var files = new FilesUnderTest(useKernel);
        File.CreateSymbolicLink(files["l"], files.State);
        File.CreateSymbolicLink(files["k"], Path.Combine(files.State, "device.key"));
        Run("ln", Path.Combine(files.State, "device.key"), files["hard"]);
        await using var client = await files.OpenAsync(FileScope.Everything);
        string[] ways = [files.State, files.State + "/device.key", files["l"], files["l"] + "/device.key", files["k"], files["hard"]];
        foreach (var op in _readers)
        {
            foreach (var way in ways)
            {
                Assert.Contains(await client.ProblemAsync(new() { Op = op, Path = way }), (string[])[FileProblems.NotFound, FileProblems.Outside]);
            }
        }

        Assert.DoesNotContain("state", (await client.EntriesAsync(new() { Op = FileOps.List, Path = files.Temp })).Select(e => e.Name));
        Assert.DoesNotContain("state", (await client.EntriesAsync(new() { Op = FileOps.Walk, Path = files.Temp })).Select(e => e.Name));
        Assert.Equal(FileProblems.Denied, await client.ProblemAsync(new() { Op = FileOps.Rename, Path = files.Temp, To = files.Temp + "-moved" }));
        Assert.Equal(FileProblems.NotEmpty, await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.Temp, Recursive = true }));
        Assert.Equal("the key", File.ReadAllText(Path.Combine(files.State, "device.key")));

        // nor what holds it in memory
        foreach (var way in (string[])[$"/proc/{Environment.ProcessId}/mem", "/proc/self/mem", "/proc/thread-self/environ", $"/proc/{Environment.ProcessId}", "/proc/kcore"])
        {
            Assert.Contains(await client.ProblemAsync(new() { Op = FileOps.Read, Path = way }), (string[])[FileProblems.NotFound, FileProblems.Outside]);
        }
    }

    [Fact]
    public async Task StateDirectory_MountedElsewhere_IsNotSeen()
    {
        using var files = new FilesUnderTest();
        Directory.CreateDirectory(files["bind"]);
        Directory.CreateDirectory(Path.Combine(files.State, "x"));
        File.WriteAllText(Path.Combine(files.State, "x", "f"), "1");
        foreach (var part in (string[])["", "x"])
        {
            Assert.SkipUnless(TryRun("mount", "--bind", Path.Combine(files.State, part), files["bind"]), "This needs the right to mount.");
            try
            {
                await using var client = await files.OpenAsync();
                foreach (var op in _readers)
                {
                    Assert.Equal(FileProblems.NotFound, await client.ProblemAsync(new() { Op = op, Path = files.At("bind") }));
                    Assert.Equal(FileProblems.NotFound, await client.ProblemAsync(new() { Op = op, Path = files.At("bind", part == "" ? "device.key" : "f") }));
                }

                Assert.Equal(["bind"], (await client.EntriesAsync(new() { Op = FileOps.Walk, Path = files.Root })).Select(e => e.Segment));
                Assert.Equal(FileProblems.Denied, await client.ProblemAsync(new() { Op = FileOps.Remove, Path = files.At("bind"), Recursive = true }));
                Assert.True(File.Exists(Path.Combine(files.State, "x", "f")));
            }
            finally
            {
                Run("umount", files["bind"]);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Links_SwappedInMeanwhile_NeverLeadOut(bool useKernel)
    {
        using var files = new FilesUnderTest(useKernel);
        Directory.CreateDirectory(files["real"]);
        File.WriteAllText(files["real/secret"], "harmless");
        File.CreateSymbolicLink(files["evil"], "../outside");
        Directory.CreateDirectory(files["turn"]);
        using var stop = new CancellationTokenSource();
        var swapper = Task.Run(() =>
        {
            // 'd' is by turns a folder, and a link out
            while (!stop.IsCancellationRequested)
            {
                Rename(files["real"], files["d"]);
                Rename(files["d"], files["real"]);
                Rename(files["evil"], files["d"]);
                Rename(files["d"], files["evil"]);
            }
        }, TestContext.Current.CancellationToken);
        try
        {
            await using var client = await files.OpenAsync();
            var (found, refused) = (0, 0);
            var until = Stopwatch.StartNew();
            for (var i = 0; until.Elapsed < TimeSpan.FromSeconds(4) || (found == 0 && until.Elapsed < TimeSpan.FromSeconds(20)); i++)
            {
                var read = await client.ReadAsync(files.At("d", "secret"));
                if (read.Last.Problem is null)
                {
                    Assert.Equal("harmless", Encoding.UTF8.GetString(read.Content));
                    found++;
                }
                else
                {
                    Assert.Contains(read.Last.Problem.Code, (string[])[FileProblems.NotFound, FileProblems.Outside]);
                    refused++;
                }

                foreach (var reply in await client.CallAsync(new() { Op = FileOps.List, Path = files.At("d") }))
                {
                    Assert.DoesNotContain("only-outside", (reply.Entries ?? []).Select(e => e.Name));
                }

                _ = await client.PutAsync(files.At("d", "made"), [1], overwrite: true);
                _ = await client.LastAsync(new() { Op = FileOps.MakeFolder, Path = files.At("d", "folder") });
                _ = await client.LastAsync(new() { Op = FileOps.Change, Path = files.At("d", "secret"), Mode = 0x180 });
                _ = await client.LastAsync(new() { Op = FileOps.Rename, Path = files.At("d", "made"), To = files.At("d", "moved"), Overwrite = true });
                _ = await client.LastAsync(new() { Op = FileOps.Remove, Path = files.At("d", "moved"), Recursive = true });
                if (i % 4 == 0)
                {
                    // a tree that is removed whole while its folders are swapped
                    _ = await client.LastAsync(new() { Op = FileOps.Remove, Path = files.At("d", "folder"), Recursive = true });
                    _ = await client.CallAsync(new() { Op = FileOps.Walk, Path = files.Root });
                }
            }

            Assert.True(found > 0 && refused > 0, $"{found} found, {refused} refused");
        }
        finally
        {
            await stop.CancelAsync();
            await swapper;
        }

        Assert.Equal(["secret"], Directory.GetFileSystemEntries(files.Outside).Select(Path.GetFileName));
        Assert.Equal("secret", File.ReadAllText(Path.Combine(files.Outside, "secret")));
        Assert.NotEqual((UnixFileMode)0x180, File.GetUnixFileMode(Path.Combine(files.Outside, "secret")));
    }

    [Fact]
    public async Task Tree_RemovedWhileItsFoldersAreSwappedForLinks_LeavesWhatIsOutside()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        for (var round = 0; round < 30; round++)
        {
            for (var i = 0; i < 40; i++)
            {
                Directory.CreateDirectory(files[$"tree/{i}"]);
                File.WriteAllText(files[$"tree/{i}/f"], "1");
            }

            var swapper = Task.Run(() =>
            {
                for (var i = 39; i >= 0; i--)
                {
                    Rename(files[$"tree/{i}"], files[$"gone-{i}"]);
                    TryLink(files[$"tree/{i}"], files.Outside);
                }
            }, TestContext.Current.CancellationToken);
            _ = await client.LastAsync(new() { Op = FileOps.Remove, Path = files.At("tree"), Recursive = true });
            await swapper;
            Assert.Equal("secret", File.ReadAllText(Path.Combine(files.Outside, "secret")));
            Run("rm", "-rf", files.Root);
            Directory.CreateDirectory(files.Root);
        }
    }

    private static void Rename(string from, string to)
    {
        try
        {
            Directory.Move(from, to); // of a link to a folder the link
        }
        catch (IOException)
        {
            // it is not there now
        }
    }

    private static void TryLink(string path, string target)
    {
        try
        {
            File.CreateSymbolicLink(path, target);
        }
        catch (IOException)
        {
            // its folder is gone
        }
    }

    private static void Run(params string[] command) => Assert.True(TryRun(command), string.Join(' ', command));

    private static bool TryRun(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
