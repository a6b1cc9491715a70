using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Operone.Web.Data;

/// <summary>Whether this node reaches its database now. Who asks while it is asked, or a moment later, has the same answer: it costs one query in two seconds at most.</summary>
internal sealed class DatabaseReach(IDbContextFactory<OperoneDb> databases, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task<bool>? _asked;
    private long _askedAt;

    /// <summary>Whether it does.</summary>
    public Task<bool> IsThereAsync()
    {
        lock (_lock)
        {
            if (_asked is null || (_asked.IsCompleted && time.GetElapsedTime(_askedAt) >= Fresh))
            {
                _askedAt = time.GetTimestamp();
                _asked = Task.Run(AskAsync);
            }

            return _asked;
        }
    }

    private async Task<bool> AskAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            // a driver that does not mind the token is not waited for either
            await SelectAsync(limit.Token).WaitAsync(limit.Token);
            return true;
        }
        catch (Exception problem) when (problem is DbException or InvalidOperationException or OperationCanceledException or TimeoutException or IOException)
        {
            return false;
        }
    }

    private async Task SelectAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Database.ExecuteSqlRawAsync("SELECT 1", cancellationToken);
    }
}
