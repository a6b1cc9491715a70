using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Somebody who signs in. Their e-mail is their user name.</summary>
internal sealed class Person : IdentityUser<Guid>
{
    /// <summary>What others call them; empty where only the e-mail is known.</summary>
    public string DisplayName { get; set; } = "";

    /// <summary>Since when they may not sign in, or null.</summary>
    public DateTimeOffset? DisabledAt { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class PersonConfiguration : IEntityTypeConfiguration<Person>
{
    public void Configure(EntityTypeBuilder<Person> builder)
    {
        builder.ToTable("people");
        builder.Property(p => p.Id).ValueGeneratedNever();
        builder.Property(p => p.UserName).HasMaxLength(256);
        builder.Property(p => p.NormalizedUserName).HasMaxLength(256);
        builder.Property(p => p.Email).HasMaxLength(256);
        builder.Property(p => p.NormalizedEmail).HasMaxLength(256);
        builder.Property(p => p.ConcurrencyStamp).IsConcurrencyToken();
        builder.HasIndex(p => p.NormalizedUserName).IsUnique();
        builder.Property(p => p.DisplayName).HasMaxLength(100);
        builder.HasIndex(p => p.NormalizedEmail);
    }
}

/// <summary>A person's account at an external provider.</summary>
internal sealed class PersonLoginConfiguration : IEntityTypeConfiguration<IdentityUserLogin<Guid>>
{
    public void Configure(EntityTypeBuilder<IdentityUserLogin<Guid>> builder)
    {
        builder.ToTable("person_logins");
        builder.HasKey(l => new { l.LoginProvider, l.ProviderKey });
        builder.Property(l => l.LoginProvider).HasMaxLength(100);
        builder.Property(l => l.ProviderKey).HasMaxLength(256);
        builder.Property(l => l.ProviderDisplayName).HasMaxLength(256);
        builder.HasOne<Person>().WithMany().HasForeignKey(l => l.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>The secret of a person's one-time codes, sealed, and the hashes of their recovery codes.</summary>
internal sealed class PersonSecretConfiguration : IEntityTypeConfiguration<IdentityUserToken<Guid>>
{
    public void Configure(EntityTypeBuilder<IdentityUserToken<Guid>> builder)
    {
        builder.ToTable("person_secrets");
        builder.HasKey(t => new { t.UserId, t.LoginProvider, t.Name });
        builder.Property(t => t.LoginProvider).HasMaxLength(100);
        builder.Property(t => t.Name).HasMaxLength(100);
        builder.HasOne<Person>().WithMany().HasForeignKey(t => t.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>A person's passkey.</summary>
internal sealed class Passkey : IdentityUserPasskey<Guid>
{
    public DateTimeOffset? LastUsedAt { get; set; }
}

internal sealed class PasskeyConfiguration : IEntityTypeConfiguration<Passkey>
{
    public void Configure(EntityTypeBuilder<Passkey> builder)
    {
        builder.ToTable("passkeys");
        builder.HasKey(p => p.CredentialId);
        builder.Property(p => p.CredentialId).HasMaxLength(1024);
        builder.Property(p => p.Data).HasJsonText();
        builder.HasOne<Person>().WithMany().HasForeignKey(p => p.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
