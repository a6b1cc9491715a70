using Operone.Core.Devices;

namespace Operone.Agent.Platforms;

/// <summary>What a machine is and how it does.</summary>
internal interface IMachine
{
    /// <summary>What it is.</summary>
    DeviceFacts Facts();

    /// <summary>How it does; rates are since the call before.</summary>
    TelemetrySample Sample();
}
