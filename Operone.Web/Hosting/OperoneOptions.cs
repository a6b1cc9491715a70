using System.ComponentModel.DataAnnotations;

namespace Operone.Web.Hosting;

/// <summary>Options of the node as a whole, at the key <c>Operone</c>. Each room's own options are in its room.</summary>
internal sealed class OperoneOptions
{
    public const string Section = "Operone";

    /// <summary>Where the embedded database and everything else that the node keeps lives. Made where it does not exist.</summary>
    [Required]
    public string DataDirectory { get; set; } = ".operone";

    /// <summary>Where the agents lie that the node serves: a folder for each runtime identifier, with the file <c>operone</c> in it.</summary>
    public string? AgentsDirectory { get; set; }

    /// <summary>The address at which people and agents reach this installation, where it is not the one they asked for.</summary>
    [Url]
    public string? PublicUrl { get; set; }

    /// <summary>The whole path of the data directory.</summary>
    public string DataPath => Path.GetFullPath(DataDirectory);
}
