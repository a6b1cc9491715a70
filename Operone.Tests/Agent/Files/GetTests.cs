using System.Runtime.Versioning;
using Operone.Core.Files;
using Xunit;

namespace Operone.Tests.Agent.Files;

/// <summary>Many small files read at once.</summary>
[SupportedOSPlatform("linux")]
public sealed class GetTests
{
    [Fact]
    public async Task Many_AskedForAtOnce_ComeInTurnAndOneThatCannotSaysSo()
    {
        using var files = new FilesUnderTest();
        Directory.CreateDirectory(files["sub"]);
        var largest = new byte[FileLimits.SmallBytes];
        Random.Shared.NextBytes(largest);
        File.WriteAllText(files["empty"], "");
        File.WriteAllText(files["sub/a b"], "one");
        File.WriteAllBytes(files["largest"], largest);
        File.WriteAllBytes(files["larger"], [.. largest, 1]);
        await using var client = await files.OpenAsync();
        var got = await client.GetAsync(files.At("empty"), files.At("sub", "a b"), files.At("none"), files.At("larger"), files.At("largest"), files.At("sub"));
        Assert.Equal([null, null, FileProblems.NotFound, FileProblems.Failed, null, FileProblems.WrongKind], got.Select(g => g.Code));
        Assert.Equal([[], "one"u8.ToArray(), null, null, largest, null], got.Select(g => g.Content));

        // the channel is good for more
        Assert.Single(await client.GetAsync(files.At("empty")));
        Assert.Empty(await client.GetAsync());
    }

    [Fact]
    public async Task Get_OutOfBounds_IsRefusedForThatFileAlone()
    {
        using var files = new FilesUnderTest();
        File.CreateSymbolicLink(files["out"], files.Outside);
        File.WriteAllText(files["a.key"], "key");
        File.WriteAllText(files["fine"], "fine");
        await using var client = await files.OpenAsync(files.Scope with { Hidden = ["*.key"] });
        var got = await client.GetAsync(
            files.At("out", "secret"), $"{files.At()}/../outside/secret", $"{files.State}/device.key", files.At("a.key"), files.At("fine"));
        Assert.All(got[..4], g => Assert.NotNull(g.Code));
        Assert.Equal("fine"u8.ToArray(), got[4].Content);
    }

    [Fact]
    public async Task Get_OfTooMuch_SaysWhichAreLeft()
    {
        using var files = new FilesUnderTest();
        var fits = FileLimits.SmallBatchBytes / FileLimits.SmallBytes;
        foreach (var i in Enumerable.Range(0, fits + 1))
        {
            File.WriteAllBytes(files[$"f{i}"], new byte[FileLimits.SmallBytes]);
        }

        await using var client = await files.OpenAsync();
        var got = await client.GetAsync([.. Enumerable.Range(0, fits + 1).Select(i => files.At($"f{i}"))]);
        Assert.Equal([.. Enumerable.Repeat<string?>(null, fits), FileProblems.Busy], got.Select(g => g.Code));

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => client.GetAsync([.. Enumerable.Repeat(files.At("f0"), FileLimits.SmallFiles + 1)]));
        Assert.Contains("at most 256 files", refused.Message, StringComparison.Ordinal);
    }
}
