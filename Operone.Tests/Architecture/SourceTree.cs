using System.Runtime.CompilerServices;

namespace Operone.Tests.Architecture;

/// <summary>The repository's source, found from where this file was compiled.</summary>
internal static class SourceTree
{
    /// <summary>The rooms, from the top of the floor plan down. Each may call those before it.</summary>
    public static readonly string[] Rooms =
        ["Access", "Events", "Devices", "Channels", "Shell", "Files", "Network", "Kernel", "Memory", "Drivers", "Cognition"];

    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Files(string project, string pattern = "*.cs") =>
        Directory.EnumerateFiles(Path.Combine(Root, project), pattern, SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    /// <summary>The build maps paths, so the caller's path tells nothing: search upwards from where the tests run.</summary>
    private static string FindRoot([CallerFilePath] string caller = "")
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(caller) })
        {
            for (var at = start; !string.IsNullOrEmpty(at); at = Path.GetDirectoryName(at))
            {
                if (File.Exists(Path.Combine(at, "Operone.sln")))
                {
                    return at;
                }
            }
        }

        throw new InvalidOperationException("The architecture tests need the source tree; Operone.sln was not found above the tests.");
    }
}
