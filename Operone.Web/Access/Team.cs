using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Access;

/// <summary>People who are given grants together.</summary>
internal sealed class Team
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public string Description { get; set; } = "";
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>That a person is in a team.</summary>
internal sealed class TeamMember
{
    public required Guid TeamId { get; init; }
    public required Guid PersonId { get; init; }
}

internal sealed class TeamConfiguration : IEntityTypeConfiguration<Team>
{
    public void Configure(EntityTypeBuilder<Team> builder)
    {
        builder.ToTable("teams");
        builder.Property(t => t.Id).ValueGeneratedNever();
        builder.Property(t => t.Name).HasMaxLength(63);
        builder.Property(t => t.NormalizedName).HasMaxLength(63);
        builder.Property(t => t.Description).HasMaxLength(500);
        builder.HasIndex(t => t.NormalizedName).IsUnique();
    }
}

internal sealed class TeamMemberConfiguration : IEntityTypeConfiguration<TeamMember>
{
    public void Configure(EntityTypeBuilder<TeamMember> builder)
    {
        builder.ToTable("team_members");
        builder.HasKey(m => new { m.TeamId, m.PersonId });
        builder.HasOne<Team>().WithMany().HasForeignKey(m => m.TeamId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Person>().WithMany().HasForeignKey(m => m.PersonId).OnDelete(DeleteBehavior.Cascade);
    }
}
