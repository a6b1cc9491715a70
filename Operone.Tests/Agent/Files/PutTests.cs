using System.Runtime.Versioning;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Operone.Agent.Files;
using Operone.Core.Channels;
using Operone.Core.Files;
using Operone.Disk.Portable;
using Xunit;

namespace Operone.Tests.Agent.Files;

/// <summary>Many small files at once.</summary>
[SupportedOSPlatform("linux")]
public sealed class PutTests
{
    [Fact]
    public async Task Many_PutAtOnce_AreThereWithWhatWasAskedForAndNothingElse()
    {
        using var files = new FilesUnderTest();
        Directory.CreateDirectory(files["sub"]);
        File.WriteAllText(files["there"], "old");
        File.WriteAllText(files["kept"], "old");
        await using var client = await files.OpenAsync();
        var failures = await client.PutAsync(
            (new(files.At("empty"), 0), []),
            (new(files.At("sub", "a b"), 3, Mode: 0x1ED, ModifiedAt: DateTimeOffset.UnixEpoch.AddYears(30), Sha256: SHA256.HashData("one"u8)), "one"u8.ToArray()),
            (new(files.At("there"), 3, Overwrite: true), "new"u8.ToArray()),
            (new(files.At("kept"), 3), "new"u8.ToArray()),
            (new(files.At("bad"), 3, Sha256: new byte[32]), "bad"u8.ToArray()),
            (new(files.At("none", "x"), 1), "x"u8.ToArray()),
            (new(files.At("largest"), FileLimits.SmallBytes), new byte[FileLimits.SmallBytes]));
        Assert.Equal([(3, FileProblems.Exists), (4, FileProblems.BadDigest), (5, FileProblems.NotFound)], failures);
        Assert.Equal(("", "one", "new", "old"), (File.ReadAllText(files["empty"]), File.ReadAllText(files["sub/a b"]), File.ReadAllText(files["there"]), File.ReadAllText(files["kept"])));
        Assert.Equal(((UnixFileMode)0x1ED, DateTimeOffset.UnixEpoch.AddYears(30).UtcDateTime), (File.GetUnixFileMode(files["sub/a b"]), File.GetLastWriteTimeUtc(files["sub/a b"])));
        Assert.Equal(["empty", "kept", "largest", "sub", "there"], Directory.GetFileSystemEntries(files.Root).Select(Path.GetFileName).Order());
        Assert.Single(Directory.GetFileSystemEntries(files["sub"]));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(files.State, "files")));
    }

    [Fact]
    public async Task Put_OutOfBounds_IsRefusedForThatFileAlone()
    {
        using var files = new FilesUnderTest();
        File.CreateSymbolicLink(files["out"], files.Outside);
        await using var client = await files.OpenAsync(files.Scope with { Hidden = ["*.key"] });
        var failures = await client.PutAsync(
            (new(files.At("out", "secret"), 1, Overwrite: true), "x"u8.ToArray()),
            (new($"{files.At()}/../outside/secret", 1, Overwrite: true), "x"u8.ToArray()),
            (new($"{files.State}/device.key", 1, Overwrite: true), "x"u8.ToArray()),
            (new(files.At("a.key"), 1), "x"u8.ToArray()),
            (new(files.At("fine"), 1), "x"u8.ToArray()));
        Assert.Equal([0, 1, 2, 3], failures.Select(f => f.Index));
        Assert.Equal("secret", File.ReadAllText(Path.Combine(files.Outside, "secret")));
        Assert.Equal(["fine", "out"], Directory.GetFileSystemEntries(files.Root).Select(Path.GetFileName).Order());

        await using var reader = await files.OpenAsync(files.Scope with { IsWritable = false });
        Assert.Equal([(0, FileProblems.ReadOnly)], await reader.PutAsync((new(files.At("more"), 1), "x"u8.ToArray())));
    }

    [Fact]
    public async Task Put_OfTooMany_PutsNothing()
    {
        using var files = new FilesUnderTest();
        await using var client = await files.OpenAsync();
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => client.PutAsync(
            [.. Enumerable.Range(0, FileLimits.SmallFiles + 1).Select(i => (new SmallFile(files.At($"f{i}"), 0), Array.Empty<byte>()))]));
        Assert.Contains("at most 256 files", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(files.Root));
    }

    [Fact]
    public async Task Put_OnOtherSystems_IsTheSame()
    {
        using var files = new FilesUnderTest();
        File.WriteAllText(files["kept"], "old");
        var service = new FileService(new PortableDisk(files.State), files.Uploads, TimeProvider.System, NullLogger<FileService>.Instance);
        await using var client = await FileClient.OpenAsync(
            socket => service.ServeAsync(new OpenChannel(Guid.NewGuid(), ChannelPurposes.Files, Guid.Empty, ""), socket, default), files.Scope);
        Assert.Equal([(1, FileProblems.Exists)], await client.PutAsync((new(files.At("one"), 3), "one"u8.ToArray()), (new(files.At("kept"), 3), "new"u8.ToArray()), (new(files.At("two"), 3), "two"u8.ToArray())));
        Assert.Equal(("one", "old", "two"), (File.ReadAllText(files["one"]), File.ReadAllText(files["kept"]), File.ReadAllText(files["two"])));
        Assert.Equal(["kept", "one", "two"], Directory.GetFileSystemEntries(files.Root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Parts_OfABatchThatWasKilled_AreThrownAwayLater()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var files = new FilesUnderTest(time: time);
        var bounds = Operone.Disk.FileBounds.Of(files.Scope);
        var parts = Enumerable.Range(0, 3).Select(i => (Place: bounds.At(files.At($"f{i}")), Upload: Guid.NewGuid())).ToArray();
        files.Uploads.NoteAll(Guid.NewGuid(), parts.Select(p => (files.Disk.PartPath(p.Place, p.Upload), p.Place)));
        foreach (var (place, upload) in parts)
        {
            files.Disk.OpenPart(place, upload, create: true).Dispose();
        }

        files.Uploads.Clean();
        Assert.Equal(3, Directory.GetFileSystemEntries(files.Root).Length);
        time.Advance(TimeSpan.FromHours(FileLimits.UploadHours + 1));
        files.Uploads.Clean();
        Assert.Empty(Directory.GetFileSystemEntries(files.Root));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(files.State, "files")));
    }
}
