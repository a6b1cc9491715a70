namespace Operone.Tests.Agent.Hosting;

/// <summary>A folder of a test's own, with a path that is short enough for sockets in it.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("op-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // a process that a failed test has left may still write here
        }
    }
}
