using Operone.Tests.Hosting;

namespace Operone.Tests.Web.Events.Webhooks;

/// <summary>A node whose webhooks may go to this machine.</summary>
internal static class Allowed
{
    public static Dictionary<string, string?> Loopback => new() { ["Operone:Webhooks:AllowedNetworks"] = "127.0.0.0/8" };
}

/// <inheritdoc cref="Allowed"/>
public sealed class SqliteWebhooksFixture() : ServerFixture(Database.Sqlite, Allowed.Loopback);

/// <inheritdoc cref="Allowed"/>
public sealed class PostgresWebhooksFixture() : ServerFixture(Database.Postgres, Allowed.Loopback);
