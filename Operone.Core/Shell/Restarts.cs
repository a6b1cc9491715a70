namespace Operone.Core.Shell;

/// <summary>What becomes of a supervised command that has ended.</summary>
/// <param name="IsAgain">Whether it is started again.</param>
/// <param name="Pause">After how long.</param>
/// <param name="Count">How often it has been started again without having been stable in between, with this time.</param>
/// <param name="IsUsedUp">Whether it would be started again, had it not been so often enough.</param>
public sealed record RestartDecision(bool IsAgain, TimeSpan Pause, int Count, bool IsUsedUp = false);

/// <summary>What a <see cref="RestartPolicy"/> says. Pure.</summary>
public static class Restarts
{
    /// <summary>Decides what becomes of a command that has ended.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="hasFailed">Whether it ended otherwise than by itself and with exit code 0.</param>
    /// <param name="ran">How long it ran; nothing where it could not be started.</param>
    /// <param name="count">How often it was started again before without having been stable in between.</param>
    public static RestartDecision Decide(RestartPolicy policy, bool hasFailed, TimeSpan ran, int count)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var before = ran.TotalSeconds >= policy.StableSeconds ? 0 : Math.Max(0, count);
        if (policy.Mode == RestartMode.Never || (policy.Mode == RestartMode.OnFailure && !hasFailed))
        {
            return new RestartDecision(false, TimeSpan.Zero, before);
        }

        return before >= (policy.MaxRestarts ?? int.MaxValue)
            ? new RestartDecision(false, TimeSpan.Zero, before, IsUsedUp: true)
            : new RestartDecision(true, Pause(policy, before), before + 1);
    }

    /// <summary>The pause after so many others: each is twice the one before, up to the longest.</summary>
    public static TimeSpan Pause(RestartPolicy policy, int before)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return TimeSpan.FromSeconds(Math.Min(policy.PauseSeconds * Math.Pow(2, Math.Clamp(before, 0, 1000)), policy.MaxPauseSeconds));
    }
}
