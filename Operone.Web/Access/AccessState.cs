using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>The settings of sign-in as stored: one row, with a number that grows with every change to who may do what.</summary>
internal sealed class AccessState
{
    /// <summary>The only row's key.</summary>
    public const int OnlyId = 1;

    public required int Id { get; init; }

    /// <summary>Grows with every change to people, teams, roles, grants and settings, so that other nodes see that there is one.</summary>
    public required long Version { get; set; }

    public required SignInSettings Settings { get; set; }
}

internal sealed class AccessStateConfiguration : IEntityTypeConfiguration<AccessState>
{
    public void Configure(EntityTypeBuilder<AccessState> builder)
    {
        builder.ToTable("access_state");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Settings).HasJsonText();
    }
}
