using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Shell.Terminals;

/// <summary>A rule of what terminals are like, as stored. See <see cref="TerminalPolicyView"/>.</summary>
internal sealed class TerminalPolicy
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public required int Order { get; set; }
    public required string Selector { get; set; }
    public Guid? RoleId { get; set; }
    public RecordMode? Record { get; set; }
    public bool? RecordInput { get; set; }
    public string? User { get; set; }
    public string? Shell { get; set; }
    public string? WorkingDirectory { get; set; }
    public IReadOnlyDictionary<string, string>? Environment { get; set; }
    public double? IdleSeconds { get; set; }
    public bool? ChoiceAllowed { get; set; }
}

internal sealed class TerminalPolicyConfiguration : IEntityTypeConfiguration<TerminalPolicy>
{
    public void Configure(EntityTypeBuilder<TerminalPolicy> builder)
    {
        builder.ToTable("terminal_policies");
        builder.Property(p => p.Id).ValueGeneratedNever();
        builder.Property(p => p.Name).HasMaxLength(63);
        builder.Property(p => p.NormalizedName).HasMaxLength(63);
        builder.Property(p => p.User).HasMaxLength(64);
        builder.Property(p => p.Environment).HasJsonText();
        builder.HasOne<Access.Role>().WithMany().HasForeignKey(p => p.RoleId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(p => p.NormalizedName).IsUnique();
    }
}
