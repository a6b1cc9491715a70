using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Disk;

namespace Operone.Web.Files.Mounts;

/// <summary>Faults of disks and other servers as errors of the tree.</summary>
internal static class Faults
{
    /// <summary>Does something; what it throws as expected becomes its error.</summary>
    /// <param name="place">What it is done to, for people.</param>
    /// <param name="work">What is done.</param>
    public static async Task<Result<T>> CatchAsync<T>(string place, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception fault) when (Read(fault, place) is not null)
        {
            return Read(fault, place)!;
        }
    }

    /// <summary>A problem as an error.</summary>
    public static Error Of(FileProblem problem, string place) => FileErrors.From(problem with { Detail = problem.Detail.Replace("the agent", "Operone", StringComparison.Ordinal) }, place);

    /// <summary>An expected exception as an error; null where it is a bug.</summary>
    public static Error? Read(Exception exception, string place) => exception switch
    {
        RemoteFault { IsAway: true } away => new(ErrorKind.Unavailable, "mount-away", "The other server cannot be reached.", $"{place}: {away.Message}"),
        FileFault fault => Of(fault.Problem, place),
        IOException or UnauthorizedAccessException => FileErrors.From(new(FileProblems.Failed, exception.Message), place),
        _ => null,
    };
}

/// <summary>Another server did not do what it was asked.</summary>
/// <param name="code">One of <see cref="FileProblems"/>.</param>
/// <param name="detail">What happened, to what.</param>
/// <param name="isAway">Whether it may work later: it was not reached, or the connection broke.</param>
internal sealed class RemoteFault(string code, string detail, bool isAway = false) : FileFault(code, detail)
{
    public bool IsAway => isAway;

    /// <summary>The server cannot be reached, or is not who it should be.</summary>
    public static RemoteFault Away(string detail) => new(FileProblems.Failed, detail, isAway: true);
}
