using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Data;
using Xunit;

namespace Operone.Tests.Web.Access;

public abstract class PasswordTests(ServerFixture fixture) : ServerTests(fixture)
{
    private SignInPauses Pauses(TimeProvider time) => new(Server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>(), time);

    [Fact]
    public async Task Pauses_AfterFiveTries_GrowAndEndWithASuccess()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var (pauses, name) = (Pauses(time), $"{Guid.NewGuid()}@example.org");
        for (var i = 0; i < SignInPauses.Free; i++)
        {
            Assert.True(await pauses.TakeAsync("password", name, Cancelled));
        }

        foreach (var seconds in (int[])[30, 60, 120, 240, 480, 960, 1920, 3600, 3600])
        {
            time.Advance(TimeSpan.FromSeconds(seconds - 1));
            Assert.False(await pauses.TakeAsync("password", name.ToUpperInvariant(), Cancelled));
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(await pauses.TakeAsync("password", name, Cancelled));
        }

        // Another node counts along, and another kind on its own.
        Assert.False(await Pauses(time).TakeAsync("password", name, Cancelled));
        Assert.True(await pauses.TakeAsync("code", name, Cancelled));
        await pauses.ClearAsync("password", name, Cancelled);
        Assert.True(await pauses.TakeAsync("password", name, Cancelled));
    }

    [Fact]
    public async Task Pauses_ManyTriesAtOnce_LetFiveThrough()
    {
        var (pauses, name) = (Pauses(TimeProvider.System), $"{Guid.NewGuid()}@example.org");
        var tries = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => pauses.TakeAsync("password", name, Cancelled))));
        Assert.Equal(SignInPauses.Free, tries.Count(t => t));
    }

    [Fact]
    public async Task Pauses_OfLongAgo_AreForgotten()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-2));
        var (pauses, name) = (Pauses(time), $"{Guid.NewGuid()}@example.org");
        await pauses.TakeAsync("password", name, Cancelled);
        await Server.RunJobAsync("sign-in-tries");
        await using var db = Server.OpenDatabase();
        var yesterday = DateTimeOffset.UtcNow.AddDays(-1);
        Assert.False(await db.Set<SignInTry>().AnyAsync(t => t.SeenAt < yesterday, Cancelled));
    }

    [Fact]
    public async Task SignIn_WhoMayNot_GetsTheAnswerOfAnUnknownName()
    {
        await using var server = await Fixture.StartAnotherAsync();
        var (disabled, passwordless, viewer) = (await server.CreatePersonAsync(), await server.CreatePersonAsync(), await server.CreatePersonAsync(BuiltInRoles.Viewer));
        await ChangeAsync(server, disabled, p => p.DisabledAt = DateTimeOffset.UtcNow);
        await ChangeAsync(server, passwordless, p => p.PasswordHash = null);
        var unknown = await SignInAsync(server, "nobody@example.org", TestPeople.Password);
        Assert.Equal("sign-in-failed", unknown?.Code);
        Assert.Equal(unknown, await SignInAsync(server, disabled.Email, TestPeople.Password));
        Assert.Equal(unknown, await SignInAsync(server, passwordless.Email, TestPeople.Password));
        Assert.Equal(unknown, await SignInAsync(server, passwordless.Email, ""));
        Assert.Equal(unknown, await SignInAsync(server, "", ""));
        Assert.Equal(unknown, await SignInAsync(server, new string('x', 10_000), new string('x', 10_000)));
        Assert.Null(await SignInAsync(server, viewer.Email, TestPeople.Password));

        await using (var change = await server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled))
        {
            (await change.Db.Set<AccessState>().SingleAsync(Cancelled)).Settings = new(PasswordSignIn.Owners);
            Assert.Null(await change.CommitAsync(Cancelled));
        }

        Assert.Equal(unknown, await SignInAsync(server, viewer.Email, TestPeople.Password));
        Assert.Null(await SignInAsync(server, OperoneServer.OwnerEmail, OperoneServer.OwnerPassword));
    }

    [Fact]
    public async Task SignIn_OneNameTooOften_IsHeldBackWhoeverItIs()
    {
        await using var server = await Fixture.StartAnotherAsync(new() { ["Operone:RateLimitScale"] = "1" });
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("sign-in-failed", (await SignInAsync(server, "nobody@example.org", "whatever-it-is"))?.Code);
        }

        var held = await SignInAsync(server, "Nobody@example.org", "whatever-it-is");
        Assert.Equal(ErrorKind.TooMany, held?.Kind);
        Assert.NotNull(held!.RetryAfter);
    }

    internal static async Task ChangeAsync(OperoneServer server, TestPerson person, Action<Person> how)
    {
        await using var change = await server.Services.GetRequiredService<AccessDirectory>().BeginAsync(Cancelled);
        how(await change.Db.Set<Person>().SingleAsync(p => p.Id == person.Id, Cancelled));
        Assert.Null(await change.CommitAsync(Cancelled));
    }

    internal static async Task<Error?> SignInAsync(OperoneServer server, string email, string password)
    {
        var context = new DefaultHttpContext { RequestServices = server.Services };
        return (await server.Services.GetRequiredService<SignInService>().SignInAsync(
            context, email, password, TestBrowser.NewKeyText(), remember: false, Cancelled)).Error;
    }
}

public sealed class PasswordOnSqlite(SqliteFixture fixture) : PasswordTests(fixture), IClassFixture<SqliteFixture>;

public sealed class PasswordOnPostgres(PostgresFixture fixture) : PasswordTests(fixture), IClassFixture<PostgresFixture>;

/// <summary>How long an answer takes must not tell who is known.</summary>
[Collection(AloneCollection.Name)]
public sealed class SignInTimingTests(SqliteFixture fixture) : ServerTests(fixture), IClassFixture<SqliteFixture>
{
    private const int Tries = 200;

    [Fact]
    public async Task SignIn_KnownUnknownLockedDisabledAndPasswordless_TakeTheSameTime()
    {
        // A hash that takes a tenth of the time shows a difference ten times as clearly.
        await using var server = await Fixture.StartAnotherAsync(configure: builder =>
            builder.Services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = 10_000));
        var (known, locked, disabled, passwordless) =
            (await server.CreatePersonAsync(), await server.CreatePersonAsync(), await server.CreatePersonAsync(), await server.CreatePersonAsync());
        await PasswordTests.ChangeAsync(server, disabled, p => p.DisabledAt = DateTimeOffset.UtcNow);
        await PasswordTests.ChangeAsync(server, passwordless, p => p.PasswordHash = null);
        var pauses = server.Services.GetRequiredService<SignInPauses>();
        var kinds = new (string Name, Func<int, string> Email, string Password, bool Clear)[]
        {
            ("known", _ => known.Email, "whatever-it-is", true),
            ("unknown", i => $"nobody{i}@example.org", "whatever-it-is", true),
            ("unknown and tried before", _ => "nobody@example.org", "whatever-it-is", false),
            ("locked", _ => locked.Email, TestPeople.Password, false),
            ("disabled", _ => disabled.Email, TestPeople.Password, true),
            ("without a password", _ => passwordless.Email, "whatever-it-is", true),
        };
        for (var i = 0; i < SignInPauses.Free; i++)
        {
            await PasswordTests.SignInAsync(server, locked.Email, "whatever-it-is");
        }

        // the first pause is 30 s, and a slow machine takes longer
        await using (var db = server.OpenDatabase())
        {
            var later = DateTimeOffset.UtcNow.AddHours(1);
            Assert.Equal(1, await db.Set<SignInTry>().Where(t => t.Failed == SignInPauses.Free).ExecuteUpdateAsync(set => set.SetProperty(t => t.FailedAt, later), Cancelled));
        }

        var times = kinds.Select(_ => new double[Tries]).ToArray();
        const int warmUp = 20;
        for (var i = -warmUp; i < Tries; i++)
        {
            // In turns, and each time another one first: whatever else the machine does hits all alike.
            for (var k = 0; k < kinds.Length; k++)
            {
                var at = (k + i + warmUp) % kinds.Length;
                var (_, email, password, clear) = kinds[at];
                if (clear)
                {
                    await pauses.ClearAsync(SignInService.PauseKind, email(i), Cancelled);
                }

                var started = Stopwatch.GetTimestamp();
                Assert.Equal("sign-in-failed", (await PasswordTests.SignInAsync(server, email(i), password))?.Code);
                if (i >= 0)
                {
                    times[at][i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                }
            }
        }

        var medians = times.Select(t => t.Order().ElementAt(Tries / 2)).ToArray();
        var said = string.Join(", ", kinds.Zip(medians, (kind, median) => $"{kind.Name} {median:F2} ms"));
        TestContext.Current.TestOutputHelper?.WriteLine(said);

        // Noise is what one and the same kind differs by from itself.
        var noise = times.Max(t => Math.Abs(Median(t.Where((_, i) => i % 2 == 0)) - Median(t.Where((_, i) => i % 2 == 1))));
        Assert.True(medians.Max() - medians.Min() < Math.Max(0.1 * medians.Min(), 4 * noise) + 0.3, $"{said}; noise {noise:F2} ms");

        static double Median(IEnumerable<double> values) => values.Order().ElementAt(Tries / 4);
    }
}
