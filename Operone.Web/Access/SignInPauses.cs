using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// Locks a name out for growing pauses when it is tried and tried: five tries are free, then there are 30 seconds between
/// two, then one minute, two, four, up to an hour. It is in the database, so that all nodes count together.
/// </summary>
internal sealed class SignInPauses(IDbContextFactory<OperoneDb> databases, TimeProvider time) : IRecurringJob
{
    /// <summary>Tries without any pause.</summary>
    public const int Free = 5;

    /// <summary>The first pause.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(30);

    /// <summary>The longest pause.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>What is forgotten about by itself.</summary>
    private static readonly TimeSpan Old = TimeSpan.FromDays(1);

    public string Name => "sign-in-tries";

    public string Cron => "41 * * * *";

    /// <summary>How long to wait after so many tries that failed.</summary>
    public static TimeSpan After(int failed) => failed < Free ? TimeSpan.Zero : failed - Free >= 7 ? Longest : First * (1 << (failed - Free));

    /// <summary>
    /// Whether it may be tried now. The try counts as failed until <see cref="ClearAsync"/> says otherwise, so that many at
    /// once are not more than many in a row. One read and one write, whatever the answer and whoever it is.
    /// </summary>
    /// <param name="kind">What is tried: <c>password</c>, <c>code</c>.</param>
    /// <param name="name">Whose; case does not matter.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<bool> TakeAsync(string kind, string name, CancellationToken cancellationToken)
    {
        var hash = Hash(kind, name);
        while (true)
        {
            var now = time.GetUtcNow();
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Set<SignInTry>().SingleOrDefaultAsync(t => t.Hash == hash, cancellationToken) is not { } known)
            {
                try
                {
                    db.Add(new SignInTry { Hash = hash, Failed = 1, FailedAt = now, SeenAt = now });
                    await db.SaveChangesAsync(cancellationToken);
                    return true;
                }
                catch (DbUpdateException exception) when (exception.IsDuplicate())
                {
                    continue;
                }
            }

            var may = known.FailedAt + After(known.Failed) <= now;
            var (failed, failedAt) = may ? (known.Failed + 1, now) : (known.Failed, known.FailedAt);
            if (await db.Set<SignInTry>().Where(t => t.Hash == hash && t.Failed == known.Failed).ExecuteUpdateAsync(
                set => set.SetProperty(t => t.Failed, failed).SetProperty(t => t.FailedAt, failedAt).SetProperty(t => t.SeenAt, now), cancellationToken) == 1)
            {
                return may;
            }
        }
    }

    /// <summary>It went well, or an administrator unlocks it: the next five tries are free again.</summary>
    public async Task ClearAsync(string kind, string name, CancellationToken cancellationToken)
    {
        var hash = Hash(kind, name);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<SignInTry>().Where(t => t.Hash == hash).ExecuteDeleteAsync(cancellationToken);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var old = time.GetUtcNow() - Old;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Set<SignInTry>().Where(t => t.SeenAt < old).ExecuteDeleteAsync(cancellationToken);
    }

    private static byte[] Hash(string kind, string name) => SecretText.Hash($"{kind} {name.Trim().ToUpperInvariant()}");
}
