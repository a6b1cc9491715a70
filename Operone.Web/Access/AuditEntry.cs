using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>An audit entry as stored. Its id grows with time; its place and its hashes are given by <see cref="AuditLedger"/>.</summary>
internal sealed class AuditEntry
{
    public required Guid Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Actor { get; init; }
    public required string Action { get; init; }
    public string? Target { get; init; }
    public required bool Allowed { get; init; }
    public string? Detail { get; init; }
    public string? RemoteAddress { get; init; }
    public Guid? ActorId { get; init; }
    public Guid? SessionId { get; init; }
    public Guid? TokenId { get; init; }
    public string? RequestId { get; init; }
    public Guid? GrantId { get; init; }

    /// <summary>Its place in the chain, from 1 without gaps.</summary>
    public long Seq { get; private set; }

    /// <summary>The hash of the entry before. Null only between the migration of an old table and the start that seals it.</summary>
    public byte[]? PreviousHash { get; private set; }

    /// <summary>The hash of this entry.</summary>
    public byte[]? Hash { get; private set; }

    /// <summary>Makes an entry of what is noted, in texts that every database takes.</summary>
    public static AuditEntry Create(
        Guid id, DateTimeOffset at, Actor actor, string action, string? target, bool allowed, string? detail, Guid? grant) => new()
        {
            Id = id,
            At = AuditChain.Truncate(at),
            Actor = ShortText.Clean(actor.Name, 256),
            Action = ShortText.Clean(action, 100),
            Target = ShortText.Clean(target, AuditTrail.MaxText),
            Allowed = allowed,
            Detail = ShortText.Clean(detail, AuditTrail.MaxText),
            RemoteAddress = ShortText.Clean(actor.RemoteAddress, 64),
            ActorId = actor.Id,
            SessionId = actor.SessionId,
            TokenId = actor.TokenId,
            RequestId = ShortText.Clean(actor.RequestId, 64),
            GrantId = grant,
        };

    /// <summary>Gives it its place behind an entry.</summary>
    public void Seal(long seq, byte[] previousHash)
    {
        (Seq, PreviousHash) = (seq, previousHash);
        Hash = AuditChain.Hash(ToView());
    }

    public AuditEntryView ToView() => new(Id, At, Actor, Action, Target, Allowed, Detail, RemoteAddress)
    {
        Seq = Seq,
        ActorId = ActorId,
        SessionId = SessionId,
        TokenId = TokenId,
        RequestId = RequestId,
        GrantId = GrantId,
        PreviousHash = AuditChain.ToText(PreviousHash),
        Hash = AuditChain.ToText(Hash),
    };
}

internal sealed class AuditEntryConfiguration : IEntityTypeConfiguration<AuditEntry>
{
    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.ToTable("audit_entries");
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.Property(e => e.Actor).HasMaxLength(256);
        builder.Property(e => e.Action).HasMaxLength(100);
        builder.Property(e => e.Target).HasMaxLength(AuditTrail.MaxText);
        builder.Property(e => e.Detail).HasMaxLength(AuditTrail.MaxText);
        builder.Property(e => e.RemoteAddress).HasMaxLength(64);
        builder.Property(e => e.RequestId).HasMaxLength(64);
        builder.Property(e => e.PreviousHash).HasMaxLength(AuditChain.HashBytes);
        builder.Property(e => e.Hash).HasMaxLength(AuditChain.HashBytes);
        builder.HasIndex(e => e.Seq).IsUnique();
        builder.HasIndex(e => new { e.Actor, e.Id });
    }
}
