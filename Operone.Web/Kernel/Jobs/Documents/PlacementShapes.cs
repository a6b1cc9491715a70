using Operone.Core.Shell;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>What the documents of jobs and workloads say of placement alike.</summary>
internal static class PlacementShapes
{
    /// <summary>Selectors that count for a device.</summary>
    public static ListShape Prefer { get; } = new("Selectors: a device goes before those that match fewer of them.", new TextShape("A selector."), RunPlacement.MaxPreferences);

    /// <summary>Which devices are taken first.</summary>
    public static TextShape Strategy { get; } = new("Which of the devices that have room are taken first: the least loaded, or the fullest.", ["spread", "pack"]);

    /// <summary>What is needed on a device.</summary>
    public static ObjectShape Needs(string about) => new(about, new Dictionary<string, Shape>
    {
        ["cpu"] = new TextShape("Processors, such as 0.5.", IsScalar: true),
        ["memory"] = new TextShape("Memory, such as 512MiB.", IsScalar: true),
        ["disk"] = new TextShape("Disk, such as 2GiB.", IsScalar: true),
    });
}
