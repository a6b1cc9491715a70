using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>A named set of permissions. The built-in ones are written at each start and are not changed by anybody.</summary>
internal sealed class Role
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public string Description { get; set; } = "";
    public required IReadOnlyList<string> Permissions { get; set; }
    public bool IsBuiltIn { get; init; }

    /// <summary>Acts for which whoever has this role must touch a passkey afresh; each from <see cref="Core.Access.DangerousActs.All"/>.</summary>
    public IReadOnlyList<string> StepUpActs { get; set; } = [];

    /// <summary>Acts that API tokens never do by this role.</summary>
    public IReadOnlyList<string> TokenForbiddenActs { get; set; } = [];

    /// <summary>The name of the sandbox profile that holds whatever its holders run; null for none.</summary>
    public string? RequiredSandbox { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Names are unique without regard to case.</summary>
    public static string Normalize(string name) => name.Trim().ToUpperInvariant();
}

internal sealed class RoleConfiguration : IEntityTypeConfiguration<Role>
{
    public void Configure(EntityTypeBuilder<Role> builder)
    {
        builder.ToTable("roles");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.Property(r => r.Name).HasMaxLength(63);
        builder.Property(r => r.NormalizedName).HasMaxLength(63);
        builder.Property(r => r.Description).HasMaxLength(500);
        builder.Property(r => r.Permissions).HasJsonText();
        builder.Property(r => r.StepUpActs).HasJsonText();
        builder.Property(r => r.TokenForbiddenActs).HasJsonText();
        builder.Property(r => r.RequiredSandbox).HasMaxLength(63);
        builder.HasIndex(r => r.NormalizedName).IsUnique();
    }
}
