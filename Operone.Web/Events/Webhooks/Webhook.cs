using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Events.Webhooks;

/// <summary>Where events are sent to, as stored. See <see cref="WebhookView"/>.</summary>
internal sealed class Webhook
{
    public required Guid Id { get; init; }
    public required string Name { get; set; }
    public required string NormalizedName { get; set; }
    public required string Url { get; set; }
    public required IReadOnlyList<string> Types { get; set; }
    public required string Selector { get; set; }
    public string? Template { get; set; }
    public bool IsEnabled { get; set; }
    public string? Problem { get; set; }
    /// <summary>The <see cref="WebhookSecrets"/>, sealed.</summary>
    public required byte[] Secrets { get; set; }
    public DateTimeOffset? OldSecretUntil { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; set; }
    public required string UpdatedBy { get; set; }

    /// <summary>The one with this id or name; null where there is none.</summary>
    public static Task<Webhook?> FindAsync(OperoneDb db, string idOrName, CancellationToken cancellationToken)
    {
        var isId = Guid.TryParse(idOrName, out var id);
        var name = Role.Normalize(idOrName);
        return db.Set<Webhook>().SingleOrDefaultAsync(w => isId ? w.Id == id : w.NormalizedName == name, cancellationToken);
    }

    public WebhookView ToView(int pending, int dead, DateTimeOffset now) => new(
        Id, Name, Url, Types, Selector, Template, IsEnabled, Problem, CreatedAt, UpdatedAt, UpdatedBy, pending, dead, OldSecretUntil > now ? OldSecretUntil : null);
}

/// <summary>An event that is for a webhook, as stored. See <see cref="WebhookDeliveryView"/>.</summary>
internal sealed class WebhookDelivery
{
    public required Guid Id { get; init; }
    public required Guid WebhookId { get; init; }
    public required Guid EventId { get; init; }

    /// <summary>The event's place in the log: in this order those of one <see cref="Key"/> are sent.</summary>
    public required long Position { get; init; }

    /// <summary>What the event is about.</summary>
    public required string Key { get; init; }

    public required string Type { get; init; }
    public string? Subject { get; init; }

    /// <summary>The event, as it was. The log forgets it one day.</summary>
    public required EventView Event { get; init; }

    public required DeliveryStatus Status { get; set; }
    public int Attempts { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset NextAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public string? Problem { get; set; }

    public WebhookDeliveryView ToView() => new(
        Id, EventId, Type, Subject, Status, Attempts, CreatedAt, Status == DeliveryStatus.Pending ? NextAt : null, EndedAt, Problem);
}

/// <summary>One attempt to send, as stored. See <see cref="WebhookAttemptView"/>.</summary>
internal sealed class WebhookAttempt
{
    public required Guid Id { get; init; }
    public required Guid DeliveryId { get; init; }
    public required DateTimeOffset At { get; init; }
    public required int Milliseconds { get; init; }
    public int? StatusCode { get; init; }
    public string? Problem { get; init; }
    public string? Excerpt { get; init; }

    public WebhookAttemptView ToView() => new(At, Milliseconds, StatusCode, Problem, Excerpt);
}

internal sealed class WebhookConfiguration : IEntityTypeConfiguration<Webhook>
{
    public void Configure(EntityTypeBuilder<Webhook> builder)
    {
        builder.ToTable("webhooks");
        builder.Property(w => w.Id).ValueGeneratedNever();
        builder.Property(w => w.Name).HasMaxLength(63);
        builder.Property(w => w.NormalizedName).HasMaxLength(63);
        builder.Property(w => w.Url).HasMaxLength(WebhookLimits.MaxUrl);
        builder.Property(w => w.Types).HasJsonText();
        builder.Property(w => w.Template).HasMaxLength(WebhookTemplate.MaxLength);
        builder.Property(w => w.Problem).HasMaxLength(1000);
        builder.Property(w => w.UpdatedBy).HasMaxLength(256);
        builder.HasIndex(w => w.NormalizedName).IsUnique();
    }
}

internal sealed class WebhookDeliveryConfiguration : IEntityTypeConfiguration<WebhookDelivery>
{
    public void Configure(EntityTypeBuilder<WebhookDelivery> builder)
    {
        builder.ToTable("webhook_deliveries");
        builder.Property(d => d.Id).ValueGeneratedNever();
        builder.Property(d => d.Key).HasMaxLength(256);
        builder.Property(d => d.Type).HasMaxLength(100);
        builder.Property(d => d.Subject).HasMaxLength(256);
        builder.Property(d => d.Event).HasJsonText();
        builder.Property(d => d.Problem).HasMaxLength(1000);
        builder.HasOne<Webhook>().WithMany().HasForeignKey(d => d.WebhookId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(d => new { d.WebhookId, d.EventId }).IsUnique();
        builder.HasIndex(d => new { d.WebhookId, d.Status, d.Position });
        builder.HasIndex(d => new { d.WebhookId, d.Key, d.Position }).HasFilter("\"Status\" = 0");
        builder.HasIndex(d => new { d.WebhookId, d.Id });
        builder.HasIndex(d => d.EndedAt);
    }
}

internal sealed class WebhookAttemptConfiguration : IEntityTypeConfiguration<WebhookAttempt>
{
    public void Configure(EntityTypeBuilder<WebhookAttempt> builder)
    {
        builder.ToTable("webhook_attempts");
        builder.Property(a => a.Id).ValueGeneratedNever();
        builder.Property(a => a.Problem).HasMaxLength(1000);
        builder.Property(a => a.Excerpt).HasMaxLength(WebhookTransport.MaxExcerpt);
        builder.HasOne<WebhookDelivery>().WithMany().HasForeignKey(a => a.DeliveryId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(a => new { a.DeliveryId, a.Id });
    }
}
