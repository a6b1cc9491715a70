using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Access;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>A credential for a program. Its text is not stored, only its SHA-256.</summary>
internal sealed class ApiToken
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required byte[] Hash { get; init; }
    public TokenKind Kind { get; init; }

    /// <summary>Who made it; it never exceeds them, and ends with them.</summary>
    public required Guid OwnerId { get; init; }

    /// <summary>What a personal token was given; a service token has grants instead.</summary>
    public required IReadOnlyList<string> Permissions { get; init; }

    /// <summary>On which devices it was given that; empty for all.</summary>
    public string Selector { get; init; } = "";

    /// <summary>The session that holds it, where a command line was signed in through a browser.</summary>
    public Guid? SessionId { get; init; }

    public required string CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? LastUsedAt { get; set; }
    public string? LastUsedAddress { get; set; }

    /// <summary>As its owner sees it, with what the snapshot knows of its owner and its grants.</summary>
    public ApiTokenView ToView(AccessSnapshot snapshot, string? token = null) => new(
        Id, Name, Kind, Kind == TokenKind.Service ? [] : Permissions, Selector,
        [.. snapshot.GrantsOf(Id).Select(g => new ApiTokenRole(g.Id, snapshot.Roles.GetValueOrDefault(g.RoleId)?.Name ?? "", g.Effect, g.Selector, g.Until))],
        OwnerId, snapshot.People.GetValueOrDefault(OwnerId)?.Email ?? "", CreatedBy, CreatedAt, ExpiresAt, LastUsedAt, LastUsedAddress, SessionId, token);
}

internal sealed class ApiTokenConfiguration : IEntityTypeConfiguration<ApiToken>
{
    public void Configure(EntityTypeBuilder<ApiToken> builder)
    {
        builder.ToTable("api_tokens");
        builder.Property(t => t.Id).ValueGeneratedNever();
        builder.Property(t => t.Name).HasMaxLength(100);
        builder.Property(t => t.Hash).HasMaxLength(32);
        builder.Property(t => t.Permissions).HasJsonText();
        builder.Property(t => t.CreatedBy).HasMaxLength(256);
        builder.Property(t => t.Selector).HasMaxLength(Core.Selector.MaxLength);
        builder.Property(t => t.LastUsedAddress).HasMaxLength(64);
        builder.HasOne<Person>().WithMany().HasForeignKey(t => t.OwnerId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Session>().WithMany().HasForeignKey(t => t.SessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(t => t.Hash).IsUnique();
    }
}
