namespace Operone.Agent.Platforms;

/// <summary>All that descends from this process.</summary>
internal interface IProcessTree
{
    /// <summary>From now on, descendants whose parent ends stay descendants of this process, where the system can do that.</summary>
    void KeepOrphans();

    /// <summary>The living descendants of this process, at this moment.</summary>
    IReadOnlyList<int> Descendants();
}
