using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>The audit trail: written in batches behind the callers' backs. <see cref="AuditLog"/> reads it.</summary>
internal sealed class AuditTrail(IDbContextFactory<OperoneDb> databases, TimeProvider time, ILogger<AuditTrail> logger)
    : BatchedWriter<AuditEntry>(databases, time, logger, capacity: 8192, gather: TimeSpan.FromMilliseconds(250)), IAuditTrail
{
    /// <summary>The longest target or detail that is kept.</summary>
    public const int MaxText = 1000;

    private readonly OrderedIds _ids = new();
    private readonly TimeProvider _time = time;
    private bool _unsure;

    /// <inheritdoc/>
    public ValueTask NoteAsync(
        Actor actor, string action, string? target, bool allowed, string? detail = null, CancellationToken cancellationToken = default) =>
        NoteAsync(actor, action, target, allowed, detail, null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask NoteAsync(
        Actor actor, string action, string? target, bool allowed, string? detail, Guid? grant, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        return QueueAsync(AuditEntry.Create(_ids.Next(now), now, actor, action, target, allowed, detail, grant), cancellationToken);
    }

    /// <summary>After entries were stored on this node. Called on the writer's own thread: whoever hears it must not keep it.</summary>
    public event Action? Appended;

    protected override async Task StoreAsync(OperoneDb db, IReadOnlyList<AuditEntry> batch, CancellationToken cancellationToken)
    {
        // A connection that broke while a batch was committed leaves open whether it was: those that were are not stored again.
        if (_unsure)
        {
            var ids = batch.Select(e => e.Id).ToArray();
            var stored = await db.Set<AuditEntry>().Where(e => ids.Contains(e.Id)).Select(e => e.Id).ToHashSetAsync(cancellationToken);
            batch = [.. batch.Where(e => !stored.Contains(e.Id))];
        }

        _unsure = true;
        if (batch.Count > 0)
        {
            await AuditLedger.AppendAsync(db, batch, cancellationToken);
        }

        _unsure = false;
    }

    protected override void Stored(IReadOnlyList<AuditEntry> batch) => Appended?.Invoke();
}

/// <summary>Shorthand for services.</summary>
internal static class AuditExtensions
{
    /// <summary>Null where the actor may; else the error to return, already noted as a denial.</summary>
    public static async ValueTask<Error?> RequireAsync(
        this IAuditTrail audit, Actor actor, string permission, string action, string? target, CancellationToken cancellationToken)
    {
        if (actor.Lacks(permission) is not { } error)
        {
            return null;
        }

        await audit.NoteAsync(actor, action, target, allowed: false, $"lacks {permission}", cancellationToken);
        return error;
    }
}

/// <summary>
/// Lets one note a minute through for each key, with how many were held back, so that somebody who knocks without end
/// cannot flood the log or the audit trail.
/// </summary>
internal sealed class NoteThrottle(TimeProvider time)
{
    private const int MaxKeys = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (DateTimeOffset Since, int HeldBack)> _keys = new(StringComparer.Ordinal);

    /// <summary>Whether to note it, and how many like it were held back since the last one that was noted.</summary>
    public bool Passes(string key, out int heldBack)
    {
        heldBack = 0;
        var now = time.GetUtcNow();
        if (_keys.Count >= MaxKeys)
        {
            foreach (var (old, state) in _keys)
            {
                if (now - state.Since >= Window)
                {
                    _keys.TryRemove(old, out _);
                }
            }

            if (_keys.Count >= MaxKeys)
            {
                return false;
            }
        }

        while (true)
        {
            if (!_keys.TryGetValue(key, out var state))
            {
                if (_keys.TryAdd(key, (now, 0)))
                {
                    return true;
                }
            }
            else if (now - state.Since < Window)
            {
                if (_keys.TryUpdate(key, (state.Since, state.HeldBack + 1), state))
                {
                    return false;
                }
            }
            else if (_keys.TryUpdate(key, (now, 0), state))
            {
                heldBack = state.HeldBack;
                return true;
            }
        }
    }
}
