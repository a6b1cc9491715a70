using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Files.Mounts;

/// <summary>A place in the tree that an administrator made, as stored. See <see cref="MountView"/>.</summary>
internal sealed class Mount
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public required MountKind Kind { get; set; }
    public required string Address { get; set; }
    public string? User { get; set; }
    public MountSignIn SignIn { get; set; }
    public string? HostKey { get; set; }
    public required IReadOnlyDictionary<string, string> Labels { get; set; }
    public bool IsWritable { get; set; }
    public required IReadOnlyList<string> Hidden { get; set; }
    /// <summary>The <see cref="MountSecrets"/>, sealed; null where there are none.</summary>
    public byte[]? Secrets { get; set; }
    public required DateTimeOffset UpdatedAt { get; set; }
    public required string UpdatedBy { get; set; }

    /// <summary>The folder of the tree that it is in.</summary>
    public string Folder => FolderOf(Kind);

    public static string FolderOf(MountKind kind) => kind == MountKind.Folder ? FileTree.Server : FileTree.Mounts;

    /// <summary>The one with this id or name; null where there is none.</summary>
    public static Task<Mount?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(idOrName, out var id);
        var name = Role.Normalize(idOrName);
        return db.Set<Mount>().SingleOrDefaultAsync(m => isId ? m.Id == id : m.NormalizedName == name, cancellationToken);
    }

    public MountView ToView() => new(
        Id, Name, TreePath.Top.Child(Folder).Child(Name).ToAddress(), Kind, Address, User, SignIn, HostKey, Labels, IsWritable, Hidden, UpdatedAt, UpdatedBy);
}

internal sealed class MountConfiguration : IEntityTypeConfiguration<Mount>
{
    public void Configure(EntityTypeBuilder<Mount> builder)
    {
        builder.ToTable("mounts");
        builder.Property(m => m.Id).ValueGeneratedNever();
        builder.Property(m => m.Name).HasMaxLength(63);
        builder.Property(m => m.NormalizedName).HasMaxLength(63);
        builder.Property(m => m.Address).HasMaxLength(3 * TreePath.MaxBytes);
        builder.Property(m => m.User).HasMaxLength(255);
        builder.Property(m => m.HostKey).HasMaxLength(64);
        builder.Property(m => m.Labels).HasJsonText();
        builder.Property(m => m.Hidden).HasJsonText();
        builder.Property(m => m.UpdatedBy).HasMaxLength(256);
        builder.HasIndex(m => m.NormalizedName).IsUnique();
    }
}
