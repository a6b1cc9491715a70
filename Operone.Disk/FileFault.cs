using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>What was asked of a file cannot be done. It is caught once, where calls are answered.</summary>
/// <param name="code">One of <see cref="FileProblems"/>.</param>
/// <param name="detail">What happened, to what.</param>
internal class FileFault(string code, string detail) : IOException(detail)
{
    private const int MaxMode = 0xFFF;

    /// <summary>As it is answered.</summary>
    public FileProblem Problem => new(code, Message);

    /// <summary>One of <see cref="FileProblems"/>.</summary>
    public string Code => code;

    public static FileFault NotFound(TreePath path) => new(FileProblems.NotFound, $"There is no '{path}'.");

    public static FileFault Outside(TreePath path, string why) => new(FileProblems.Outside, $"'{path}' {why}.");

    public static FileFault Unsupported(string what) => new(FileProblems.Unsupported, what);

    /// <summary>Requires that permission bits are some.</summary>
    public static void RequireMode(int? mode)
    {
        if (mode is < 0 or > MaxMode)
        {
            throw new FileFault(FileProblems.Failed, $"{mode} is no mode: those are 0 to {MaxMode}.");
        }
    }
}
