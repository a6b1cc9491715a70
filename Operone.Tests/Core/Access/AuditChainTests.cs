using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Xunit;

namespace Operone.Tests.Core.Access;

public sealed class AuditChainTests
{
    private static readonly Gen<string> AnyText = Gen.OneOf(
        Gen.String, Gen.String[Gen.Char['\0', '\u007F'], 0, 30], Gen.OneOf(Gen.Const(""), Gen.Const("\""), Gen.Const("\\"), Gen.Const("\u2028"), Gen.Const("é😀"), Gen.Const("a\nb\u007f"), Gen.Const("</script>")));

    private static readonly Gen<AuditEntryView> AnyEntry =
        from at in Gen.Long[0, 253402300799999999]
        from text in Gen.Select(AnyText, AnyText, AnyText, AnyText, AnyText)
        from nulls in Gen.Int[0, 255]
        from ids in Gen.Select(Gen.Guid, Gen.Guid, Gen.Guid, Gen.Guid, Gen.Guid)
        from seq in Gen.Long[1, 1L << 53]
        select new AuditEntryView(
            ids.Item1, DateTimeOffset.UnixEpoch.AddTicks(at * 10), Clean(text.Item1)!, Clean(text.Item2)!, (nulls & 1) == 0 ? null : Clean(text.Item3), (nulls & 2) == 0,
            (nulls & 4) == 0 ? null : Clean(text.Item4), (nulls & 8) == 0 ? null : "2001:db8::1")
        {
            Seq = seq,
            ActorId = (nulls & 16) == 0 ? null : ids.Item2,
            SessionId = (nulls & 32) == 0 ? null : ids.Item3,
            TokenId = (nulls & 64) == 0 ? null : ids.Item4,
            GrantId = (nulls & 128) == 0 ? null : ids.Item5,
            RequestId = (nulls & 3) == 3 ? null : Clean(text.Item5),
            PreviousHash = AuditChain.Beginning,
            Hash = AuditChain.Beginning,
        };

    [Fact]
    public void Hash_OfAKnownEntry_IsThatOfTheDocumentedForm()
    {
        var entry = new AuditEntryView(
            Guid.Parse("0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c"), new(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(2)), "owner@example.org", "run.create", "a\"\\\u0001é", true, null, "::1")
        {
            Seq = 7,
            PreviousHash = AuditChain.Beginning,
        };

        Assert.Equal(
            """{"action":"run.create","actor":"owner@example.org","allowed":true,"at":"2026-03-01T10:00:00.000000Z","id":"0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c","previousHash":"0000000000000000000000000000000000000000000000000000000000000000","remoteAddress":"::1","seq":7,"target":"a\"\\\u0001é"}""",
            Text(entry, withHash: false));
        Assert.Equal("49df12acdcb84a00a1c54b40db1c5ba358e4e4d01dac0dfe859e7d93afdb72ab", AuditChain.ToText(AuditChain.Hash(entry)));
    }

    [Fact]
    public void Form_OfAnyEntry_IsSortedJsonThatReadsBackTheSame() => AnyEntry.Sample(entry =>
    {
        var text = Text(entry, withHash: true);
        using var json = JsonDocument.Parse(text);
        var keys = json.RootElement.EnumerateObject().Select(p => p.Name).ToList();
        Assert.Equal(keys.Order(StringComparer.Ordinal), keys);
        Assert.Equal(entry, JsonSerializer.Deserialize(text, OperoneJson.Default.AuditEntryView));
    });

    [Fact]
    public void Hash_OfAnyChange_IsAnother() => Gen.Select(AnyEntry, AnyText.Where(t => t.Length > 0)).Sample((entry, more) =>
    {
        var before = AuditChain.Hash(entry);
        foreach (var changed in (AuditEntryView[])
        [
            entry with { Actor = entry.Actor + Clean(more) }, entry with { Detail = entry.Detail + "!" }, entry with { Allowed = !entry.Allowed }, entry with { Seq = entry.Seq + 1 },
            entry with { At = entry.At.AddMicroseconds(1) }, entry with { SessionId = Guid.NewGuid() }, entry with { PreviousHash = new('f', 64) },
            entry with { Target = entry.Target is null ? "" : null }, entry with { Action = entry.Actor, Actor = entry.Action + "x" },
        ])
        {
            Assert.NotEqual(before, AuditChain.Hash(changed));
        }
    });

    [Fact]
    public async Task Hash_ComputedByPython_IsTheSame()
    {
        var entries = AnyEntry.Array[200].Single();
        var start = new ProcessStartInfo("python3", ["-c", PythonOfTheDocs()]) { RedirectStandardInput = true, RedirectStandardOutput = true, StandardInputEncoding = new UTF8Encoding(false) };
        Process python;
        try
        {
            python = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("python3 is not installed");
            return;
        }

        using (python)
        {
            var answer = python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var (seq, previous) = (0L, AuditChain.Beginning);
            foreach (var entry in entries)
            {
                var sealedEntry = entry with { Seq = ++seq, PreviousHash = previous };
                previous = AuditChain.ToText(AuditChain.Hash(sealedEntry))!;
                await python.StandardInput.WriteAsync(Text(sealedEntry with { Hash = previous }, withHash: true) + "\n");
            }

            python.StandardInput.Close();
            Assert.Equal($"holds: 200 entries, the last is 200 {previous}\n", await answer);
        }
    }

    [Theory]
    [InlineData("changed", 3, "Entry 3 is not what was sealed")]
    [InlineData("removed", 3, "Entry 3 is missing")]
    [InlineData("removed-two", 3, "Entries 3 to 4 are missing")]
    [InlineData("swapped", 2, "Entry 2 is not what was sealed")]
    [InlineData("doubled", 3, "more than one entry in place 3")]
    [InlineData("sealed-again", 4, "Entry 4 does not follow from entry 3")]
    [InlineData("unsealed", 4, "carries no seal")]
    [InlineData("first-removed", 1, "Entry 1 is missing")]
    [InlineData("cut", 6, "Entry 6 is missing at the end")]
    [InlineData("cut-two", 5, "Entries 5 to 6 are missing at the end")]
    [InlineData("longer", 6, "behind the chain's head")]
    public void Check_AfterSomebodyMeddled_SaysWhereAndHow(string how, long at, string says)
    {
        var chain = Chain(6);
        var head = (Seq: 6L, chain[5].Hash);
        switch (how)
        {
            case "changed":
                chain[2] = chain[2] with { Actor = "somebody else" };
                break;
            case "removed":
                chain.RemoveAt(2);
                break;
            case "removed-two":
                chain.RemoveRange(2, 2);
                break;
            case "swapped":
                (chain[1], chain[2]) = (chain[2] with { Seq = 2 }, chain[1] with { Seq = 3 });
                break;
            case "doubled":
                chain.Insert(3, chain[2]);
                break;
            case "sealed-again":
                chain[2] = Seal(chain[2] with { Actor = "somebody else" });
                break;
            case "unsealed":
                chain[3] = chain[3] with { Hash = null };
                break;
            case "first-removed":
                chain.RemoveAt(0);
                break;
            case "cut":
                chain.RemoveAt(5);
                break;
            case "cut-two":
                chain.RemoveRange(4, 2);
                break;
            default:
                head = (5, chain[4].Hash);
                break;
        }

        var found = Check(chain, head.Seq, head.Hash, null);
        Assert.Equal(at, found?.Seq);
        Assert.Contains(says, found!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfARewrittenChain_FailsAgainstWhatWasNotedElsewhere()
    {
        var before = Chain(6);
        var rewritten = Chain(6, actor: "somebody else");
        Assert.Null(Check(before, 6, before[5].Hash, new(4, before[3].Hash!)));
        Assert.Null(Check(rewritten, 6, rewritten[5].Hash, null));
        Assert.Equal(4, Check(rewritten, 6, rewritten[5].Hash, new(4, before[3].Hash!))?.Seq);
        Assert.Equal(7, Check(before, 6, before[5].Hash, new(9, before[3].Hash!))?.Seq);
    }

    private static AuditBreak? Check(List<AuditEntryView> chain, long headSeq, string? headHash, AuditWitness? known)
    {
        var check = new AuditChainCheck(0, AuditChain.Beginning, known);
        return chain.Select(check.Next).FirstOrDefault(b => b is not null) ?? check.End(headSeq, headHash);
    }

    private static List<AuditEntryView> Chain(int count, string actor = "somebody")
    {
        var chain = new List<AuditEntryView>();
        for (var i = 1; i <= count; i++)
        {
            chain.Add(Seal(new AuditEntryView(Guid.CreateVersion7(), DateTimeOffset.UnixEpoch, actor, "test.happen", i.ToString(CultureInfo.InvariantCulture), true, null, null)
            {
                Seq = i,
                PreviousHash = i == 1 ? AuditChain.Beginning : chain[^1].Hash,
            }));
        }

        return chain;
    }

    private static AuditEntryView Seal(AuditEntryView entry) => entry with { Hash = AuditChain.ToText(AuditChain.Hash(entry)) };

    private static string? Clean(string? text) => ShortText.Clean(text, 1000);

    private static string Text(AuditEntryView entry, bool withHash)
    {
        var to = new ArrayBufferWriter<byte>();
        AuditChain.Write(entry, to, withHash);
        return Encoding.UTF8.GetString(to.WrittenSpan);
    }

    /// <summary>The program that docs/audit.md gives to whoever wants to check without Operone.</summary>
    private static string PythonOfTheDocs()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Operone.sln")))
        {
            folder = folder.Parent!;
        }

        var docs = File.ReadAllText(Path.Combine(folder.FullName, "docs", "audit.md"));
        var from = docs.IndexOf("```python\n", StringComparison.Ordinal) + "```python\n".Length;
        return docs[from..docs.IndexOf("```", from, StringComparison.Ordinal)];
    }
}
