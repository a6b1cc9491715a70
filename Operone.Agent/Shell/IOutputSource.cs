using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>What an execution's output is read from: one file, or several of which the oldest may be gone.</summary>
internal interface IOutputSource : IDisposable
{
    /// <summary>How much of standard output was read, or is not there any more.</summary>
    long Stdout { get; }

    /// <summary>The same of standard error.</summary>
    long Stderr { get; }

    /// <summary>Where what the last read gave begins, when something before it is not there any more; else null.</summary>
    OutputPlace? Gap { get; }

    /// <summary>
    /// Reads the next pieces, as they came. The result is empty where there is nothing (yet), or where the next piece is over the budget.
    /// </summary>
    /// <param name="budget">The most data, in bytes.</param>
    /// <param name="memory">To be used again for the next read: then the pieces of this one are not good any more.</param>
    IReadOnlyList<OutputChunk> Read(int budget, OutputReader.ReadMemory memory);

    /// <summary>All up to here is stored: nothing before it is ever read again.</summary>
    void Forget(long stdout, long stderr);

    /// <summary>The next read begins at these offsets.</summary>
    void Seek(long stdout, long stderr);
}
