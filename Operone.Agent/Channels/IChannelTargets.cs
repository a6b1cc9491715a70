using Operone.Core.Errors;

namespace Operone.Agent.Channels;

/// <summary>What channels can be joined to on this device. The rooms below have it.</summary>
internal interface IChannelTargets
{
    /// <summary>Connects to one, over which <see cref="ChannelFrames"/> go; or says in words why not.</summary>
    /// <param name="purpose">One of <see cref="Core.Channels.ChannelPurposes"/>.</param>
    /// <param name="target">Which one.</param>
    /// <param name="cancel">Ends the attempt.</param>
    ValueTask<Result<Stream>> ConnectAsync(string purpose, Guid target, CancellationToken cancel);
}
