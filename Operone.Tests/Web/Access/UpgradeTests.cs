using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Core.Access;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Data;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>An installation from before there were roles.</summary>
public sealed class UpgradeTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Database.Sqlite)]
    [InlineData(Database.Postgres)]
    public async Task Upgrade_OwnersStayOwnersAndTokensGoOn(Database database)
    {
        await using var made = await AuditDatabase.CreateAsync(database, "Initial");
        var (owner, other, now) = (Guid.CreateVersion7(), Guid.CreateVersion7(), DateTimeOffset.UtcNow);
        await using (var db = made.CreateDbContext())
        {
            await db.Database.OpenConnectionAsync(Cancelled);
            var old = new SqlBatch(db);
            foreach (var (id, email, isOwner) in new[] { (owner, "owner@example.org", true), (other, "other@example.org", false) })
            {
                old.Add(
                    """
                    INSERT INTO people ("Id", "IsOwner", "CreatedAt", "UserName", "NormalizedUserName", "EmailConfirmed", "PhoneNumberConfirmed", "TwoFactorEnabled", "LockoutEnabled", "AccessFailedCount")
                    VALUES (@id, @owner, @at, @name, @name, @yes, @no, @no, @yes, 0)
                    """,
                    ("id", id), ("owner", isOwner), ("at", now), ("name", email), ("yes", true), ("no", false));
            }

            foreach (var (name, maker) in new[] { ("setup", "owner@example.org"), ("made-by-a-token", "token:setup") })
            {
                old.Add(
                    """INSERT INTO api_tokens ("Id", "Name", "Hash", "Permissions", "CreatedBy", "CreatedAt") VALUES (@id, @name, @hash, @permissions, @maker, @at)""",
                    ("id", Guid.CreateVersion7()), ("name", name), ("hash", SecretText.Hash(name)), ("permissions", """["devices.read","runs.create"]"""),
                    ("maker", maker), ("at", now));
            }

            await old.ExecuteAsync(Cancelled);
        }

        await made.MigrateAsync();
        using var access = new AccessDirectory(made, TimeProvider.System, NullLogger<AccessDirectory>.Instance);
        await access.PrepareAsync(Cancelled);
        Assert.True(access.Current.IsOwner(owner, now));
        Assert.False(access.Current.IsOwner(other, now));
        Assert.Equal(BuiltInRoles.All.Count, access.Current.Roles.Count);
        await using var after = made.CreateDbContext();
        var tokens = await after.Set<ApiToken>().ToListAsync(Cancelled);
        Assert.Equal(2, tokens.Count);
        foreach (var token in tokens)
        {
            Assert.Equal(owner, token.OwnerId);
            var subject = access.Current.OfToken(token);
            Assert.True(Policy.Decide(subject, Permissions.RunsCreate, new Dictionary<string, string>(), now).Allowed);
            Assert.False(Policy.Decide(subject, Permissions.AuditRead, null, now).Allowed);
        }

        // Once more is no change.
        await access.PrepareAsync(Cancelled);
        Assert.Single(access.Current.GrantsOf(owner));
    }
}
