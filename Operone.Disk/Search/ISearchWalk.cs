using Operone.Core.Files;

namespace Operone.Disk.Search;

/// <summary>Goes through all that is below a folder, or has one file. What its members say is good until it goes on. Nothing that is hidden is come by.</summary>
internal interface ISearchWalk : IDisposable
{
    /// <summary>Where it is, below the place where it began, as an address; empty for the place itself.</summary>
    string Below { get; }

    /// <summary>The name.</summary>
    string Name { get; }

    /// <summary>What it is.</summary>
    FileKind Kind { get; }

    /// <summary>Whether its content is made by the system as it is read: it is not looked at.</summary>
    bool IsMade { get; }

    /// <summary>Goes on. A folder that it goes into was come by before.</summary>
    bool Next();

    /// <summary>Opens the file; null where it is gone, or is none any more.</summary>
    /// <exception cref="FileFault">It cannot be opened.</exception>
    IDiskFile? Open();
}

/// <summary>How a walk goes.</summary>
/// <param name="MaxDepth">How many folders deep.</param>
/// <param name="Hidden">Whether names that begin with a dot are come by.</param>
/// <param name="Problem">Takes what could not be read.</param>
internal sealed record SearchWalk(int MaxDepth, bool Hidden, Action<FileProblem> Problem)
{
    /// <summary>Whether a name is left out.</summary>
    public bool LeavesOut(ReadOnlySpan<byte> name) => !Hidden && name[0] == (byte)'.';

    /// <summary>Whether a name is left out.</summary>
    public bool LeavesOut(ReadOnlySpan<char> name) => !Hidden && name[0] == '.';
}

/// <summary>Tells quickly which files may have what is looked for. It may say so of too many, of too few never.</summary>
internal interface IFileSieve
{
    /// <summary>Its name, see <see cref="Operone.Core.Files.Search.FileSearched.By"/>.</summary>
    string Name { get; }

    /// <summary>Whether each file may have it; null where it could not tell.</summary>
    bool[]? Sieve(IReadOnlyList<IDiskFile> files, CancellationToken cancel);
}
