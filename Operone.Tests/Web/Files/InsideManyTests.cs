using System.IO.Compression;
using System.Runtime.Versioning;
using System.Text;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

[SupportedOSPlatform("linux")]
[Collection(AloneCollection.Name)]
public sealed class InsideManyOnSqlite(SqliteFixture f) : InsideManyTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
[Collection(AloneCollection.Name)]
public sealed class InsideManyOnPostgres(PostgresFixture f) : InsideManyTests(f), IClassFixture<PostgresFixture>;

/// <summary>What an archive of very many entries costs the node.</summary>
[SupportedOSPlatform("linux")]
public abstract class InsideManyTests(ServerFixture fixture) : ArchiveScene(fixture)
{
    [Fact]
    public async Task HundredThousandEntries_ArePagedSortedAndFiltered()
    {
        const int Count = 99_990;
        await WriteAsync(Archives.Zip(zip =>
        {
            for (var i = 0; i < Count; i++)
            {
                using var entry = zip.CreateEntry($"folder/entry-{i:d6}", CompressionLevel.NoCompression).Open();
                entry.Write(Encoding.ASCII.GetBytes($"{i}"));
            }
        }));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var page = await ListInsideAsync("/folder", "&sort=-name&limit=3");
        Assert.Equal((Count, "entry-099989"), (page.Count, page.Items[0].Name));
        page = await ListInsideAsync("/folder", $"&sort=-name&limit=3&cursor={page.NextCursor}");
        Assert.Equal(["entry-099986", "entry-099985", "entry-099984"], page.Items.Select(i => i.Name));
        Assert.Equal(100, (await ListInsideAsync("/folder", "&q=-0500&limit=5")).Count);
        Assert.Equal("54321", await ReadAsync("/folder/entry-054321"));
        var grown = (GC.GetTotalMemory(forceFullCollection: true) - before) >> 20;
        Assert.True(grown < 150, $"It takes {grown} MiB.");
    }
}
