using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// Who may do what, in memory: every decision is taken from the present <see cref="AccessSnapshot"/>. A change on this node
/// is seen at once, one on another node within <see cref="Period"/>.
/// </summary>
internal sealed partial class AccessDirectory(
    IDbContextFactory<OperoneDb> databases, TimeProvider time, ILogger<AccessDirectory> logger) : BackgroundService
{
    /// <summary>How often other nodes' changes are looked for.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _loading = new(1);
    private volatile AccessSnapshot _current = AccessSnapshot.Empty;

    /// <summary>Who may do what, now.</summary>
    public AccessSnapshot Current => _current;

    /// <summary>Called when that has changed, whichever node changed it.</summary>
    public event Action? Changed;

    /// <summary>At start: writes the built-in roles, and reads everything.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        if (_current.Version == 0 || BuiltInRoles.All.Any(Differs))
        {
            await WriteBuiltInsAsync(cancellationToken);
        }
    }

    /// <summary>Reads everything again.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await _loading.WaitAsync(cancellationToken);
        try
        {
            Take(await AccessSnapshot.ReadAsync(db, cancellationToken));
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>
    /// Begins a change to who may do what. Changes take their turns, on all nodes: each sees what the one before it did, so
    /// that two owners who remove each other do not both succeed.
    /// </summary>
    public async Task<AccessChange> BeginAsync(CancellationToken cancellationToken)
    {
        var db = await databases.CreateDbContextAsync(cancellationToken);
        try
        {
            var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            // The row's lock is the turn.
            await db.Set<AccessState>().ExecuteUpdateAsync(set => set.SetProperty(s => s.Version, s => s.Version + 1), cancellationToken);
            db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
            return new(this, db, transaction, await AccessSnapshot.ReadAsync(db, cancellationToken), time);
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    internal void Take(AccessSnapshot snapshot)
    {
        if (snapshot.Version >= _current.Version)
        {
            _current = snapshot;
            Changed?.Invoke();
        }
    }

    public override void Dispose()
    {
        _loading.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await using var db = await databases.CreateDbContextAsync(stoppingToken);
                    if (await db.Set<AccessState>().Select(s => s.Version).SingleOrDefaultAsync(stoppingToken) != _current.Version)
                    {
                        await LoadAsync(stoppingToken);
                    }
                }
                catch (Exception exception) when (Problems.IsDatabaseAway(exception))
                {
                    Log.DatabaseAway(logger, exception.GetBaseException().Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private bool Differs(BuiltInRole role) =>
        _current.Roles.GetValueOrDefault(role.Id) is not { } stored || stored.Permissions != role.Permissions || stored.Name != role.Name;

    private async Task WriteBuiltInsAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
        try
        {
            if (!await db.Set<AccessState>().AnyAsync(cancellationToken))
            {
                db.Add(new AccessState { Id = AccessState.OnlyId, Version = 1, Settings = new() });
                await db.SaveChangesAsync(cancellationToken);
            }
        }
        catch (DbUpdateException exception) when (exception.IsDuplicate())
        {
            // Another node starts for the first time too.
            db.ChangeTracker.Clear();
        }

        await using var change = await BeginAsync(cancellationToken);
        var stored = await change.Db.Set<Role>().Where(r => r.IsBuiltIn).ToDictionaryAsync(r => r.Id, cancellationToken);
        foreach (var role in BuiltInRoles.All)
        {
            if (!stored.TryGetValue(role.Id, out var known))
            {
                change.Db.Add(known = new Role
                {
                    Id = role.Id,
                    Name = role.Name,
                    NormalizedName = Role.Normalize(role.Name),
                    Permissions = [],
                    IsBuiltIn = true,
                    CreatedAt = time.GetUtcNow(),
                });
            }

            known.Name = role.Name;
            known.Description = role.Description;
            known.Permissions = [.. role.Permissions.Names];
        }

        // What was owned stays owned; at the first start there is no owner yet.
        _ = await change.CommitAsync(cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Changes of who may do what are looked for again in a moment; the database is away: {Problem}")]
        public static partial void DatabaseAway(ILogger logger, string problem);
    }
}

/// <summary>A change to who may do what, on its way. Nothing of it is seen before <see cref="CommitAsync"/>.</summary>
internal sealed class AccessChange(
    AccessDirectory directory, OperoneDb db, IDbContextTransaction transaction, AccessSnapshot before, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Where to write; it tracks what it reads.</summary>
    public OperoneDb Db { get; } = db;

    /// <summary>How it was, including what other nodes did a moment ago: what the change is checked against.</summary>
    public AccessSnapshot Before { get; } = before;

    /// <summary>Stores it, unless it would take away the last owner: then it is as if nothing was done, and the error says so.</summary>
    public async Task<Error?> CommitAsync(CancellationToken cancellationToken)
    {
        await Db.SaveChangesAsync(cancellationToken);
        var after = await AccessSnapshot.ReadAsync(Db, cancellationToken);
        var now = time.GetUtcNow();
        if (Before.HasOwner(now) && !after.HasOwner(now))
        {
            await transaction.RollbackAsync(cancellationToken);
            return AccessErrors.LastOwner;
        }

        await transaction.CommitAsync(cancellationToken);
        directory.Take(after);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await Db.DisposeAsync();
    }
}
