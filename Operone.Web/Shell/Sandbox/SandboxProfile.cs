using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Shell.Sandbox;

/// <summary>A named sandbox as stored. The built-in ones are written at each start and are not changed by anybody.</summary>
internal sealed class SandboxProfile
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public string Description { get; set; } = "";
    public bool IsBuiltIn { get; init; }
    public required SandboxSpec Spec { get; set; }

    public SandboxProfileView ToView() => new(Id, Name, Description, IsBuiltIn, Spec);
}

internal sealed class SandboxProfileConfiguration : IEntityTypeConfiguration<SandboxProfile>
{
    public void Configure(EntityTypeBuilder<SandboxProfile> builder)
    {
        builder.ToTable("sandbox_profiles");
        builder.Property(p => p.Id).ValueGeneratedNever();
        builder.Property(p => p.Name).HasMaxLength(63);
        builder.Property(p => p.NormalizedName).HasMaxLength(63);
        builder.Property(p => p.Description).HasMaxLength(500);
        builder.Property(p => p.Spec).HasJsonText();
        builder.HasIndex(p => p.NormalizedName).IsUnique();
    }
}
