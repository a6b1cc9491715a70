using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Agent.Files;
using Operone.Core.Channels;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Disk;
using Xunit;

namespace Operone.Tests.Agent.Files.Search;

/// <summary>With ripgrep and without it the same is found, whatever is looked for.</summary>
[SupportedOSPlatform("linux")]
public sealed class EnginesTests : IDisposable
{
    private static readonly string[] _words = ["needle", "Needle", "KELVIN", "kelvin", "K\u212A", "ſs", "a1", "b_2", "x-y", "é", "Ärger", "日本", "😀", ".", "[", "(", " ", "\t", "", "0", "zz", "_"];
    private static readonly string[] _atoms = ["a", "k", "s", "needle", ".", @"\d", @"\w", @"\s", @"\W", @"\D", "[a-z]", "[^a]", "[k-s0-9_]", @"[\w.-]", @"[\s\d]", @"\.", @"\[", @"\(", "x-y", "^", "$", @"\b", "#", " ", @"\t", "{", "]", "&&", "~", "\"", "é", "[é]", "[^x-]"];
    private static readonly string[] _counts = ["", "", "", "+", "*", "?", "{2}", "{1,3}", "{1,}", "+?", "*?"];

    private readonly FilesUnderTest _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task BothEngines_OnARandomTree_FindTheSame()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/rg"), "ripgrep is not installed");
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        MakeTree(random);
        var scope = _files.Scope with { Hidden = ["*.key", "hid*", $"{_files.Root}/d1/d1"] };
        var (sieved, matches) = (0, 0L);
        for (var i = 0; i < 250; i++)
        {
            var query = MakeQuery(random);
            if (TextPattern.Make(query).IsError)
            {
                continue;
            }

            var one = await SearchAsync(_files.Disk, query, scope);
            var other = await SearchAsync(_files.Disk, query, scope, useRipgrep: false);
            Assert.True(one.Found.SequenceEqual(other.Found), $"Seed {seed}: '{query.Text}' {query} finds {one.Found.Count} and {other.Found.Count} lines: {one.Found.Except(other.Found).Concat(other.Found.Except(one.Found)).FirstOrDefault()}");
            Assert.Equal(other.End with { By = null, Problems = [] }, one.End with { By = null, Problems = [] }, EqualityComparer<FileSearched>.Create((a, b) => a!.ToString() == b!.ToString()));
            Assert.Equal("agent", other.End.By ?? "agent");
            sieved += one.End.By == "ripgrep" ? 1 : 0;
            matches += one.End.Matches;
        }

        Assert.True(sieved > 50 && matches > 1000, $"Seed {seed}: {sieved} with ripgrep, {matches} matches.");
    }

    private static FileQuery MakeQuery(Random random)
    {
        var isRegex = random.Next(3) > 0;
        var text = new StringBuilder();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            if (!isRegex)
            {
                text.Append(_words[random.Next(_words.Length)]);
                continue;
            }

            var atom = _atoms[random.Next(_atoms.Length)];
            text.Append(random.Next(5) switch { 0 => $"(?:{atom}|{_atoms[random.Next(_atoms.Length)]})", 1 => $"({atom})", _ => atom }).Append(_counts[random.Next(_counts.Length)]);
        }

        return new()
        {
            Text = text.Length == 0 ? "needle" : text.ToString(),
            IsRegex = isRegex,
            IgnoreCase = random.Next(2) == 0,
            WholeWord = random.Next(4) == 0,
            Hidden = random.Next(2) == 0,
            MaxMatches = FileQueryLimits.MaxMatches,
            MaxFileBytes = random.Next(3) == 0 ? 2000 : null,
            MaxDepth = random.Next(4) == 0 ? 1 : null,
            Name = random.Next(4) == 0 ? "*[0-4]" : null,
        };
    }

    private void MakeTree(Random random)
    {
        Encoding[] encodings = [new UTF8Encoding(false), new UTF8Encoding(true), Encoding.Latin1, Encoding.Unicode, Encoding.BigEndianUnicode];
        for (var i = 0; i < 120; i++)
        {
            var folder = string.Join('/', Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(6) switch { 0 => ".dot", 1 => "hid1", var n => $"d{n % 3}" }));
            var path = Path.Combine(_files.Root, folder, (random.Next(8) == 0 ? "." : "") + $"f{i}" + (random.Next(8) == 0 ? ".key" : ""));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var text = new StringBuilder();
            for (var words = random.Next(300); words > 0; words--)
            {
                text.Append(_words[random.Next(_words.Length)]).Append(random.Next(6) switch { 0 => "\n", 1 => "\r\n", 2 => " ", _ => "" });
            }

            var encoding = encodings[random.Next(encodings.Length)];
            byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(text.ToString())];
            if (random.Next(6) == 0)
            {
                // bytes that are no text, and NUL now and then
                for (var n = 0; n < 20 && bytes.Length > 0; n++)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(random.Next(2) == 0 ? 0 : 128, 256);
                }
            }

            File.WriteAllBytes(path, bytes);
        }
    }

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
