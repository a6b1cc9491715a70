using Operone.Agent.Connection;
using Operone.Agent.Platforms;
using Operone.Agent.Shell;

namespace Operone.Agent;

/// <summary>
/// Gives memory back to the system when the agent has become idle. An agent is idle most of its life, and should be small then: what
/// connecting and carrying output has taken would stay with the process otherwise.
/// </summary>
internal sealed class MemoryTrimmer(ExecutionSender sender, ConnectionStateFile state, IPlatform platform, TimeProvider time)
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(5);

    /// <summary>Looks every few seconds, until cancelled. It does something only after something was done.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var (seen, trimmed) = (-1L, -1L);
        while (true)
        {
            await Task.Delay(_every, time, cancel);
            var now = sender.Sent + (state.Changes << 32);
            if (now == seen && now != trimmed)
            {
                sender.Trim();
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                platform.TrimMemory();
                trimmed = now;
            }

            seen = now;
        }
    }
}
