using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Operone.Web.Access;

/// <summary>
/// How often a name was tried and failed, one after the other. Names that nobody has are kept too, so that they are answered
/// and cost as those that somebody has. Only a hash of the name is kept: people type passwords there by mistake.
/// </summary>
internal sealed class SignInTry
{
    public required byte[] Hash { get; init; }

    /// <summary>Tries that failed since the last that did not.</summary>
    public required int Failed { get; set; }

    /// <summary>When the last of them was; a try during a pause does not count.</summary>
    public required DateTimeOffset FailedAt { get; set; }

    /// <summary>When it was last tried at all.</summary>
    public required DateTimeOffset SeenAt { get; set; }
}

internal sealed class SignInTryConfiguration : IEntityTypeConfiguration<SignInTry>
{
    public void Configure(EntityTypeBuilder<SignInTry> builder)
    {
        builder.ToTable("sign_in_tries");
        builder.HasKey(t => t.Hash);
        builder.Property(t => t.Hash).HasMaxLength(32);
        builder.HasIndex(t => t.SeenAt);
    }
}
