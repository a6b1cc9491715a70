namespace Operone.Web.Access;

#pragma warning disable CA1001 // Nothing waits on the source's handle, and its timer ends by itself: whoever still holds it may look at it for as long as they like.
/// <summary>
/// A session or a token that is in use on this node. When it ends, whatever it holds ends: pages, streams, requests that wait.
/// </summary>
internal sealed class LiveCredential(Guid id, Guid personId, Guid? sessionId, Guid? tokenId)
#pragma warning restore CA1001
{
    // A request that ends its own session still gets its answer out.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _ended = new();
    private volatile bool _isEnded;
    private int _holders;

    /// <summary>The session's or token's id.</summary>
    public Guid Id => id;

    /// <summary>Whose it is; of a token, who made it.</summary>
    public Guid PersonId => personId;

    /// <summary>The session, where it is one, or where a session holds the token.</summary>
    public Guid? SessionId => sessionId;

    /// <summary>The token, where it is one.</summary>
    public Guid? TokenId => tokenId;

    /// <summary>Whether it has ended: it may nothing from then on.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>How many requests hold it: a page's connection, a stream, one that is answered just now.</summary>
    public int Holders => Volatile.Read(ref _holders);

    /// <summary>It may nothing from now on, and what it holds is cut a moment later.</summary>
    public void End()
    {
        _isEnded = true;
        _ended.CancelAfter(Grace);
    }

    /// <summary>A request begins that is to end with it.</summary>
    public Hold Begin(HttpContext context)
    {
        Interlocked.Increment(ref _holders);
        return new(this, _ended.Token.UnsafeRegister(static state => ((HttpContext)state!).Abort(), context));
    }

    /// <summary>A request that ends with its credential.</summary>
    public readonly struct Hold(LiveCredential credential, CancellationTokenRegistration registration) : IDisposable
    {
        public void Dispose()
        {
            registration.Dispose();
            Interlocked.Decrement(ref credential._holders);
        }
    }
}
