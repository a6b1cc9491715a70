using System.Text.Json;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Agent.Cli;

/// <summary>Against the whole server, on SQLite.</summary>
public sealed class AuditCommandTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    [Fact]
    public async Task List_WithFilters_ShowsWhatFits()
    {
        using (await Server.ClientWithAsync(Permissions.EventsRead))
        {
        }

        using var terminal = Terminal();
        await EventuallyAsync(
            async () => await terminal.RunAsync("audit", "list", "--action", "token.*", "--since", "1h", "--allowed") == 0
                && terminal.Output.Contains("token.create", StringComparison.Ordinal), "the entry");
        Assert.Contains("TIME (UTC)", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("events.read", terminal.Output, StringComparison.Ordinal);

        using var json = Terminal();
        Assert.Equal(0, await json.RunAsync("audit", "list", "--action", "token.create", "--limit", "1", "--json"));
        var entry = Assert.Single(JsonSerializer.Deserialize<AuditEntryView[]>(json.Output, JsonSerializerOptions.Web)!);
        Assert.Equal(entry.Hash, AuditChain.ToText(AuditChain.Hash(entry)));

        using var none = Terminal();
        Assert.Equal(0, await none.RunAsync("audit", "list", "--actor", "nobody-at-all", "--until", "2026-01-01T00:00:00Z"));
        Assert.Contains("no entry matches", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_ThenExport_ThenVerifyTheFile_AgreesAndFindsAChange()
    {
        await HasEntryAsync(Server);
        using var verify = Terminal();
        Assert.Equal(0, await verify.RunAsync("audit", "verify"));
        Assert.StartsWith("The audit trail holds: ", verify.Output, StringComparison.Ordinal);
        var known = verify.Output.Split("Newest: ")[1].Trim();

        using var again = Terminal();
        Assert.Equal(0, await again.RunAsync("audit", "verify", "--known", known));
        using var other = Terminal();
        Assert.Equal(1, await other.RunAsync("audit", "verify", "--known", $"1:{new string('a', 64)}"));
        Assert.Contains("does NOT hold, at entry 1", other.Error, StringComparison.Ordinal);

        var file = Path.Combine(Server.Folder, "export.jsonl");
        using var export = Terminal();
        Assert.Equal(0, await export.RunAsync("audit", "export", "-o", file));
        Assert.False(File.Exists(file + ".part"));
        using var offline = new FakeTerminal();
        Assert.Equal(0, await offline.RunAsync("audit", "verify", "--file", file, "--known", known));
        Assert.StartsWith("The audit trail holds: ", offline.Output, StringComparison.Ordinal);

        var text = await File.ReadAllTextAsync(file, Cancelled);
        using var changed = new FakeTerminal { Input = System.Text.Encoding.UTF8.GetBytes(text.Replace("system", "nobody", StringComparison.Ordinal)) };
        Assert.Equal(1, await changed.RunAsync("audit", "verify", "--file", "-", "--json"));
        using var json = JsonDocument.Parse(changed.Output);
        Assert.False(json.RootElement.GetProperty("holds").GetBoolean());
        Assert.Contains("not what was sealed", json.RootElement.GetProperty("break").GetProperty("reason").GetString(), StringComparison.Ordinal);

        using var csv = Terminal();
        Assert.Equal(0, await csv.RunAsync("audit", "export", "--format", "csv", "--action", "setup.*"));
        Assert.StartsWith("seq,id,at,actor,", csv.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_ChainThatIsBroken_EndsWithOneAndSaysWhere()
    {
        await using var server = await Fixture.StartAnotherAsync();
        await HasEntryAsync(server);
        await using (var db = server.OpenDatabase())
        {
            await Microsoft.EntityFrameworkCore.RelationalDatabaseFacadeExtensions.ExecuteSqlRawAsync(
                db.Database, """DROP TRIGGER audit_entries_update; UPDATE audit_entries SET "Actor" = 'somebody else' WHERE "Seq" = 1""", Cancelled);
        }

        using var terminal = Terminal(server);
        Assert.Equal(1, await terminal.RunAsync("audit", "verify"));
        Assert.Contains("does NOT hold, at entry 1", terminal.Error, StringComparison.Ordinal);
        Assert.Contains(server.Log.Lines, l => l.StartsWith("Critical", StringComparison.Ordinal) && l.Contains("audit chain", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("audit list --since soon", "neither a time such as")]
    [InlineData("audit list --limit 0", "--limit must be at least 1")]
    [InlineData("audit list --allowed --refused", "exclude each other")]
    [InlineData("audit verify --known 7", "is not a place and a hash")]
    [InlineData("audit verify --file /no/such/file", "cannot be read")]
    [InlineData("audit export --format xml", "xml")]
    [InlineData("audit export -o /no/such/folder/x", "cannot be written")]
    [InlineData("audit verfy", "did you mean 'verify'")]
    public async Task CommandLine_Wrong_IsRefused(string line, string says)
    {
        using var terminal = Terminal();
        Assert.Equal(2, await terminal.RunAsync(line.Split(' ')));
        Assert.Contains(says, terminal.Error, StringComparison.Ordinal);
        Assert.Empty(terminal.Output);
    }

    [Theory]
    [InlineData("list")]
    [InlineData("verify")]
    [InlineData("export")]
    public async Task Help_OfEachCommand_HasAnExample(string command)
    {
        using var terminal = new FakeTerminal();
        Assert.Equal(0, await terminal.RunAsync("audit", command, "--help"));
        Assert.Contains("Example", terminal.Output, StringComparison.Ordinal);
    }

    private static Task HasEntryAsync(OperoneServer server) => EventuallyAsync(
        async () =>
        {
            await using var db = server.OpenDatabase();
            return db.Set<AuditEntry>().Any();
        }, "an entry");

    private FakeTerminal Terminal(OperoneServer? server = null)
    {
        var terminal = new FakeTerminal { Time = TimeProvider.System };
        terminal.Variables["OPERONE_URL"] = (server ?? Server).Url;
        terminal.Variables["OPERONE_TOKEN"] = OperoneServer.OwnerToken;
        return terminal;
    }
}
