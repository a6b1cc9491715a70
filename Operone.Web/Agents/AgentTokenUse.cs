using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Agents;

/// <summary>A device's token that was used, kept until it would not be taken any more for its age.</summary>
internal sealed class AgentTokenUse
{
    public required Guid DeviceId { get; init; }
    public required string TokenId { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class AgentTokenUseConfiguration : IEntityTypeConfiguration<AgentTokenUse>
{
    public void Configure(EntityTypeBuilder<AgentTokenUse> builder)
    {
        builder.ToTable("agent_token_uses");
        builder.HasKey(u => new { u.DeviceId, u.TokenId });
        builder.Property(u => u.TokenId).HasMaxLength(AgentTokens.MaxTokenIdLength);
        builder.HasIndex(u => u.ExpiresAt);
    }
}
