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
        RemoteFault away => new(ErrorKind.Unavailable, "mount-away", "The other server cannot be reached.", $"{place}: {away.Message}"),
        FileFault fault => Of(fault.Problem, place),
        IOException or UnauthorizedAccessException => FileErrors.From(new(FileProblems.Failed, exception.Message), place),
        _ => null,
    };
}

/// <summary>Another server cannot be reached, is not who it should be, or the connection broke: it may work later.</summary>
internal sealed class RemoteFault : FileFault
{
    private RemoteFault(string detail)
        : base(FileProblems.Failed, detail)
    {
    }

    /// <summary>One of these.</summary>
    /// <param name="detail">What happened, to what.</param>
    public static RemoteFault Away(string detail) => new(detail);
}
