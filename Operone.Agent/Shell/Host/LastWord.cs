using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <summary>Writes the end of an execution, come what may: an end that nobody hears of would be the worst.</summary>
[UnsupportedOSPlatform("windows")]
internal static unsafe class LastWord
{
    /// <summary>
    /// Writes it. A disk that is full for now is waited for: the request is not needed any more and makes room.
    /// </summary>
    public static void Write(ExecutionFolder folder, ExecutionEnd end)
    {
        for (var pause = 100; ; pause = Math.Min(pause * 2, 5000))
        {
            try
            {
                folder.WriteEnd(end);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return; // the agent has deleted the folder: nobody wants to know
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                TryDeleteRequest(folder);
                Libc.Poll(null, 0, pause);
            }
        }
    }

    private static void TryDeleteRequest(ExecutionFolder folder)
    {
        try
        {
            File.Delete(folder.Request);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // then there is no room to be made here, and the next attempt comes
        }
    }
}
