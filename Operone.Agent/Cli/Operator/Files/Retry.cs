using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>
/// Pauses between attempts at one thing, until nothing has moved for too long. Whatever moves makes it patient again.
/// </summary>
internal sealed class Retry(TimeProvider time, TimeSpan window)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private TimeSpan _pause = First;
    private long _since = time.GetTimestamp();

    /// <summary>Something has moved.</summary>
    public void Progress()
    {
        _pause = First;
        _since = time.GetTimestamp();
    }

    /// <summary>Waits before the next attempt; false where there is none, since that error stays, or it has been long enough.</summary>
    public async Task<bool> WaitAsync(Error error, CancellationToken cancellationToken)
    {
        if (!IsPassing(error) || time.GetElapsedTime(_since) + _pause > window)
        {
            return false;
        }

        await Task.Delay(error.RetryAfter is { } asked && asked > _pause ? asked : _pause, time, cancellationToken);
        _pause = _pause * 2 < Longest ? _pause * 2 : Longest;
        return true;
    }

    /// <summary>Whether the same may work later.</summary>
    private static bool IsPassing(Error error) =>
        error.Kind is ErrorKind.Unavailable or ErrorKind.TooMany || error.Code is "device-offline" or "upload-busy" or "upload-broken" or "upload-offset";
}
