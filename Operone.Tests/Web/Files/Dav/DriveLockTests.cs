using System.Runtime.Versioning;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files.Dav;

[SupportedOSPlatform("linux")]
public sealed class DriveLocksOnSqlite(SqliteFixture f) : DriveLockTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class DriveLocksOnPostgres(PostgresFixture f) : DriveLockTests(f), IClassFixture<PostgresFixture>;

/// <summary>Locks beyond what litmus tries.</summary>
[SupportedOSPlatform("linux")]
public abstract class DriveLockTests(ServerFixture fixture) : DriveScene(fixture)
{
    [Fact]
    public async Task Lock_OfSomebodyElse_IsNoKeyEvenWithItsToken()
    {
        await DoAsync("PUT", "f", 201, "one");
        var token = await LockAsync("f");
        var person = await Server.CreatePersonAsync(BuiltInRoles.Operator);
        using var other = await Server.ClientAsync(person);
        (await AskAsync(other, "PUT", On("f"), 423, "two", ("If", $"(<{token}>)"))).Dispose();
        (await AskAsync(other, "UNLOCK", On("f"), 403, null, ("Lock-Token", $"<{token}>"))).Dispose();
        (await AskAsync(other, "LOCK", On("f"), 423, Lock())).Dispose();
        (await AskAsync(other, "LOCK", On("f"), 412, null, ("If", $"(<{token}>)"))).Dispose();
        await DoAsync("PUT", "f", 204, "two", ("If", $"(<{token}>)"));
        await DoAsync("UNLOCK", "f", 204, null, ("Lock-Token", $"<{token}>"));
        (await AskAsync(other, "PUT", On("f"), 204, "three")).Dispose();
    }

    [Fact]
    public async Task Lock_OfAFolder_HoldsForAllBelow_AndOneOfDepth0ForItsMembers()
    {
        Directory.CreateDirectory(OnDisk("d/e"));
        await File.WriteAllTextAsync(OnDisk("d/e/f"), "one", Cancelled);
        var deep = await LockAsync("d");
        await DoAsync("PUT", "d/e/f", 423, "two");
        await DoAsync("PUT", "d/e/new", 423, "two");
        await DoAsync("DELETE", "d", 423);
        await DoAsync("LOCK", "d/e/f", 423, Lock("shared"));
        await DoAsync("LOCK", "", 423, Lock());
        await DoAsync("PUT", "d/e/f", 204, "two", ("If", $"(<{deep}>)"));
        await DoAsync("UNLOCK", "d/e/f", 204, null, ("Lock-Token", $"<{deep}>"));

        var flat = await LockAsync("d/e", depth: "0");
        await DoAsync("PUT", "d/e/f", 204, "three");
        await DoAsync("PUT", "d/e/new", 423, "two");
        await DoAsync("MOVE", "d/e/f", 423, null, ("Destination", On("d/f").OriginalString));
        await DoAsync("MOVE", "d/e/f", 412, null, ("Destination", On("d/f").OriginalString), ("If", $"<{Server.Url}/dav{Place}/d/e/f> (<{flat}>)"));
        await DoAsync("MOVE", "d/e/f", 201, null, ("Destination", On("d/f").OriginalString), ("If", $"<{Server.Url}/dav{Place}/d/e> (<{flat}>)"));
        using var refused = await AskAsync("DELETE", "d", 423);
        Assert.Contains("lock-token-submitted", await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_OfWhatIsGone_IsGoneToo()
    {
        await DoAsync("PUT", "f", 201, "one");
        var token = await LockAsync("f");
        await DoAsync("MOVE", "f", 201, null, ("Destination", On("g").OriginalString), ("If", $"(<{token}>)"));
        await DoAsync("PUT", "f", 201, "new");
        await DoAsync("PUT", "g", 204, "new");
        await LockAsync("g");
        await DoAsync("DELETE", "g", 423);
    }

    [Fact]
    public async Task Lock_OfNothing_MakesAnEmptyFile()
    {
        var token = await LockAsync("new", 201);
        Assert.Empty(await File.ReadAllBytesAsync(OnDisk("new"), Cancelled));
        await DoAsync("PUT", "new", 423, "one");
        await DoAsync("PUT", "new", 204, "one", ("If", $"(<{token}>)"));
        await DoAsync("LOCK", "no/folder", 409, Lock());
        await DoAsync("PUT", "other", 201, "one");
        Assert.Equal("", ValueOf(await FindAsync("other"), Dav + "lockdiscovery"));
        var shown = (await FindAsync("", "1")).Elements(Dav + "response").Single(r => r.Element(Dav + "href")!.Value.EndsWith("/new", StringComparison.Ordinal));
        Assert.Equal(token, shown.Descendants(Dav + "locktoken").Single().Value);
        Assert.Equal("mailto:me", shown.Descendants(Dav + "owner").Single().Value);
    }

    [Fact]
    public async Task Lock_ThatRunsOut_HoldsNoMore_AndIsForgotten()
    {
        await DoAsync("PUT", "f", 201, "one");
        var token = await LockAsync("f", timeout: "Second-1");
        await EventuallyAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, On("f")) { Content = new StringContent("two") };
            using var response = await Server.Owner.SendAsync(request, Cancelled);
            return response.IsSuccessStatusCode;
        }, "the lock has run out");
        await DoAsync("PUT", "f", 412, "three", ("If", $"(<{token}>)"));
        await DoAsync("UNLOCK", "f", 409, null, ("Lock-Token", $"<{token}>"));
        await LockAsync("f", timeout: "Infinite, Second-4100000000");
    }

    [Fact]
    public async Task Lock_IsKeptThroughARestart()
    {
        await using var server = await Fixture.StartAnotherAsync();
        var locks = (Operone.Web.Files.Dav.DavLocks)server.Services.GetService(typeof(Operone.Web.Files.Dav.DavLocks))!;
        var device = await server.EnrollAsync("kept", []);
        var path = Operone.Core.Files.TreePath.Parse($"/devices/{device.Name}/f").Value;
        var owner = (await server.CreatePersonAsync(BuiltInRoles.Owner)).Id;
        var actor = Operone.Web.Access.Actor.System with { Id = owner };
        Assert.False((await locks.TakeAsync(actor, path, new(true, false, null, 600), Cancelled)).IsError);
        await server.StopAsync();
        await server.StartAgainAsync();
        var again = (Operone.Web.Files.Dav.DavLocks)server.Services.GetService(typeof(Operone.Web.Files.Dav.DavLocks))!;
        Assert.Equal(owner, Assert.Single(await again.CoveringAsync(path, Cancelled)).HolderId);
        Assert.Equal("file-locked", (await again.TakeAsync(actor, path, new(true, false, null, 600), Cancelled)).Error!.Code);
    }

    [Fact]
    public async Task Locks_TakenAtOnce_NeverBothStay()
    {
        Directory.CreateDirectory(OnDisk("d"));
        for (var i = 0; i < 10; i++)
        {
            await File.WriteAllTextAsync(OnDisk("d/f"), "one", Cancelled);
            var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(async n =>
            {
                using var request = new HttpRequestMessage(new("LOCK"), On(n % 2 == 0 ? "d" : "d/f")) { Content = new StringContent(Lock()) };
                using var response = await Server.Owner.SendAsync(request, Cancelled);
                return response.IsSuccessStatusCode ? response.Headers.GetValues("Lock-Token").Single() : null;
            }));
            Assert.True(answers.Count(a => a is not null) <= 1);
            if (answers.SingleOrDefault(a => a is not null) is { } token)
            {
                await DoAsync("UNLOCK", "d/f", 204, null, ("Lock-Token", token));
            }
        }
    }

    [Theory]
    [InlineData("(<{0}>)", true)]
    [InlineData("(<urn:uuid:00000000-0000-0000-0000-000000000000>) (<{0}>)", true)]
    [InlineData("(Not <DAV:no-lock> <{0}>)", true)]
    [InlineData("(<{0}> [\"wrong\"]) (Not <DAV:no-lock>)", true)]
    [InlineData("</dav{1}/f> (<{0}>)", true)]
    [InlineData("</dav{1}/nothing> (Not <{0}>)", true)]
    [InlineData("(<{0}> [\"wrong\"])", false)]
    [InlineData("(Not <{0}>)", false)]
    [InlineData("<http://elsewhere.example/f> (<{0}>)", false)]
    [InlineData("</dav{1}/nothing> (<{0}>)", false)]
    public async Task If_IsHeldAgainstWhatIsThere(string header, bool isMet)
    {
        await DoAsync("PUT", "f", 201, "one");
        var token = await LockAsync("f");
        await DoAsync("PUT", "f", isMet ? 204 : 412, "two", ("If", string.Format(System.Globalization.CultureInfo.InvariantCulture, header, token, Place)));
    }
}
