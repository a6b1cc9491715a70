namespace Operone.Agent.Devices;

/// <summary>The lock that makes sure of one agent a state directory. It ends with the process that holds it.</summary>
internal static class AgentLock
{
    /// <summary>Takes it, or gives null where another process has it.</summary>
    public static IDisposable? TryTake(StateDirectory state)
    {
        try
        {
            return File.OpenHandle(state.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether an agent runs.</summary>
    public static bool IsHeld(StateDirectory state)
    {
        try
        {
            using var file = File.OpenHandle(state.Lock, FileMode.Open, FileAccess.Read, FileShare.None);
            return false;
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
