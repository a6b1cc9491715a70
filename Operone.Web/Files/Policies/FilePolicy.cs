using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Files;
using Operone.Web.Data;

namespace Operone.Web.Files.Policies;

/// <summary>A rule of which files may be had, as stored. See <see cref="FilePolicyView"/>.</summary>
internal sealed class FilePolicy
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public required string Selector { get; set; }
    public Guid? RoleId { get; set; }
    public required IReadOnlyList<PolicyFolder> Folders { get; set; }
    public required IReadOnlyList<string> Hidden { get; set; }
}

internal sealed class FilePolicyConfiguration : IEntityTypeConfiguration<FilePolicy>
{
    public void Configure(EntityTypeBuilder<FilePolicy> builder)
    {
        builder.ToTable("file_policies");
        builder.Property(p => p.Id).ValueGeneratedNever();
        builder.Property(p => p.Name).HasMaxLength(63);
        builder.Property(p => p.NormalizedName).HasMaxLength(63);
        builder.Property(p => p.Folders).HasJsonText();
        builder.Property(p => p.Hidden).HasJsonText();
        builder.HasOne<Access.Role>().WithMany().HasForeignKey(p => p.RoleId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(p => p.NormalizedName).IsUnique();
    }
}
