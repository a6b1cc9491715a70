using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Files;

namespace Operone.Web.Files.Dav;

/// <summary>A write lock of a network drive (RFC 4918, section 7), as stored.</summary>
internal sealed class DavLock
{
    private const string Scheme = "urn:uuid:";

    public required Guid Id { get; init; }

    /// <summary>What is locked, as an address in the tree.</summary>
    public required string Address { get; init; }

    /// <summary>The SHA-256 of the address: an address is too long for an index.</summary>
    public required byte[] AddressHash { get; init; }

    /// <summary>The first two names of the address, by which locks below a folder are looked for.</summary>
    public required string Top { get; init; }

    /// <summary>Whether nobody else may have one meanwhile.</summary>
    public required bool IsExclusive { get; init; }

    /// <summary>Whether it holds for all that is in the folder, too.</summary>
    public required bool IsDeep { get; init; }

    /// <summary>Who has it: a person, or a service token.</summary>
    public required Guid HolderId { get; init; }

    /// <summary>What the holder's program says of them: XML to be shown, as it came.</summary>
    public string? Owner { get; init; }

    /// <summary>For how many seconds it is good, from when it was last asked for.</summary>
    public required int Seconds { get; set; }

    public required DateTimeOffset ExpiresAt { get; set; }

    /// <summary>As a URI.</summary>
    public string Token => Scheme + Id.ToString();

    /// <summary>What is locked.</summary>
    public TreePath Path => TreePath.Parse(Address).Value;

    /// <summary>Whether it holds for a place.</summary>
    public bool Covers(TreePath path) => IsDeep ? path.IsIn(Path) : path.Equals(Path);

    /// <summary>See <see cref="AddressHash"/>.</summary>
    public static byte[] Hash(TreePath path) => SHA256.HashData(Encoding.UTF8.GetBytes(path.ToAddress()));

    /// <summary>See <see cref="Top"/>.</summary>
    public static string TopOf(TreePath path) => path.First(Math.Min(path.Depth, 2)).ToAddress();
}

internal sealed class DavLockConfiguration : IEntityTypeConfiguration<DavLock>
{
    public void Configure(EntityTypeBuilder<DavLock> builder)
    {
        builder.ToTable("drive_locks");
        builder.Property(l => l.Id).ValueGeneratedNever();
        builder.Property(l => l.AddressHash).HasMaxLength(32);
        builder.Property(l => l.Top).HasMaxLength(1024);
        builder.Property(l => l.Owner).HasMaxLength(DavLocks.MaxOwner);
        builder.Ignore(l => l.Token).Ignore(l => l.Path);
        builder.HasIndex(l => l.AddressHash);
        builder.HasIndex(l => l.Top);
        builder.HasIndex(l => l.ExpiresAt);
    }
}
