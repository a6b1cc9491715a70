using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;

namespace Operone.Agent.Cli.Operator.Jobs;

/// <summary>A file with a definition, as <c>apply</c> takes it.</summary>
internal static class DocumentFile
{
    /// <summary>Reads it, finds the credentials, and does something with both.</summary>
    public static Task<int> WithAsync(CliContext cli, string name, Func<OperoneApi, byte[], Task<int>> act)
    {
        byte[] text;
        try
        {
            text = Read(cli, name);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Task.FromResult(cli.Fail(Error.InvalidField("--file", problem.Message)));
        }

        return Shared.WithApiAsync(cli, api => act(api, text));
    }

    /// <summary>Says what is wrong with it, as compilers do; gives the exit code.</summary>
    public static int Print(CliContext cli, string name, IReadOnlyList<DocumentProblem> problems)
    {
        foreach (var problem in problems)
        {
            cli.Say($"{name}:{problem.Line}:{problem.Column}: {(problem.Place.Length > 0 ? problem.Place + ": " : "")}{problem.Message}");
        }

        return problems.Count > 0 ? 1 : 0;
    }

    private static byte[] Read(CliContext cli, string name)
    {
        using var from = name == "-" ? cli.OpenInput() : File.OpenRead(name);
        using var to = new MemoryStream();
        var buffer = new byte[64 * 1024];

        // what is too large the server says
        while (to.Length <= JobRules.MaxDocumentBytes && from.Read(buffer) is var read and > 0)
        {
            to.Write(buffer, 0, read);
        }

        return to.ToArray();
    }
}
