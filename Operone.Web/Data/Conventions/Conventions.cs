using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Operone.Web.Data.Conventions;

/// <summary>What is different in SQLite: it has no time type, so times are UTC ticks, which sort.</summary>
internal static class SqliteConventions
{
    public static void Apply(ModelConfigurationBuilder builder) =>
        builder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(
        time => time.UtcTicks, ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
}

/// <summary>What is different in PostgreSQL: <c>timestamptz</c> takes UTC alone.</summary>
internal static class PostgresConventions
{
    public static void Apply(ModelConfigurationBuilder builder) =>
        builder.Properties<DateTimeOffset>().HaveConversion<Utc>();

    private sealed class Utc() : ValueConverter<DateTimeOffset, DateTimeOffset>(
        time => time.ToUniversalTime(), time => time);
}
