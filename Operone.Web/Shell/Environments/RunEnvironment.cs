using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Shell.Environments;

/// <summary>A named set of variables as stored. Secrets are sealed with Data Protection, and are never given back.</summary>
internal sealed class RunEnvironment
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public string Description { get; set; } = "";
    public required string Selector { get; set; }
    public required IReadOnlyDictionary<string, string> Variables { get; set; }
    /// <summary>The names of the secrets, in order.</summary>
    public required IReadOnlyList<string> SecretNames { get; set; }
    /// <summary>The secrets by name, as sealed JSON.</summary>
    public required byte[] Secrets { get; set; }
    public required DateTimeOffset UpdatedAt { get; set; }
    public required string UpdatedBy { get; set; }

    /// <summary>Names are the same without regard to case.</summary>
    public static string Normalize(string name) => name.Trim().ToUpperInvariant();

    /// <summary>The one with this id or name; null where there is none.</summary>
    public static Task<RunEnvironment?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(idOrName, out var id);
        var name = Normalize(idOrName);
        return db.Set<RunEnvironment>().SingleOrDefaultAsync(e => isId ? e.Id == id : e.NormalizedName == name, cancellationToken);
    }

    public EnvironmentView ToView() => new(Id, Name, Description, Selector, Variables, SecretNames, UpdatedAt, UpdatedBy);
}

internal sealed class RunEnvironmentConfiguration : IEntityTypeConfiguration<RunEnvironment>
{
    public void Configure(EntityTypeBuilder<RunEnvironment> builder)
    {
        builder.ToTable("environments");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Name).HasMaxLength(63);
        builder.Property(e => e.NormalizedName).HasMaxLength(63);
        builder.Property(e => e.Description).HasMaxLength(500);
        builder.Property(e => e.Variables).HasJsonText();
        builder.Property(e => e.SecretNames).HasJsonText();
        builder.Property(e => e.UpdatedBy).HasMaxLength(256);
        builder.HasIndex(e => e.NormalizedName).IsUnique();
    }
}
