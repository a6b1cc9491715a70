namespace Operone.Core.Files;

/// <summary>What of a device's files may be had, and how. The device holds it too: it does not trust what it is sent to be within.</summary>
/// <param name="Root">The folder that everything lies in, as an address: <c>/</c>, <c>/srv/data</c>, <c>/C:/Users</c>.</param>
/// <param name="IsWritable">Whether anything in it may be changed.</param>
/// <param name="Hidden">Patterns of what is neither listed nor opened, see <see cref="FilePattern"/>, against whole paths on the device.</param>
public sealed record FileScope(string Root, bool IsWritable, IReadOnlyList<string> Hidden)
{
    /// <summary>Everything, writable.</summary>
    public static FileScope Everything { get; } = new("/", true, []);
}
