namespace Operone.Agent.Shell.Host.Care;

/// <summary>What a check has found.</summary>
/// <param name="Problem">Why the command is not well, in words; null where it is.</param>
internal readonly record struct ProbeResult(string? Problem);

/// <summary>One check that is being carried out, next to the host's own thread.</summary>
internal interface IProbe
{
    /// <summary>What it has found, once it is over.</summary>
    ProbeResult? Result { get; }

    /// <summary>Ends it, as far as that can be done.</summary>
    void Abandon();
}
