namespace Operone.Agent.Platforms;

/// <summary>How this program is started again.</summary>
internal static class OwnProgram
{
    /// <summary>The program and its first arguments; with <c>dotnet operone.dll</c> there are two parts.</summary>
    public static IReadOnlyList<string> Command()
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("The system does not tell where this program is.");
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Path.Combine(AppContext.BaseDirectory, "operone.dll")] : [program];
    }
}
