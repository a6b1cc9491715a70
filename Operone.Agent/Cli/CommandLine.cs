using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Operone.Agent.Cli.Operator;

namespace Operone.Agent.Cli;

/// <summary>Reads and carries out a command line of <c>operone</c>.</summary>
internal static class CommandLine
{
    /// <summary>The exit code for a command line that cannot be read, and for a server that cannot do what was asked.</summary>
    public const int UsageExitCode = 2;

    /// <summary>The exit code for a bug in this program (EX_SOFTWARE of sysexits.h).</summary>
    public const int BugExitCode = 70;

    // "@file" is a plain word here: a command for a device may well begin with "@"
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    /// <summary>Carries it out with this process's own streams.</summary>
    public static Task<int> RunAsync(string[] args) => RunAsync(args, CliContext.ForProcess());

    /// <summary>Carries it out and gives the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliContext cli)
    {
        var root = RootCommandFactory.Create(cli);
        var parsed = root.Parse(RunArguments.EndOptions(root, args), Parsing);
        if (parsed.Action is ParseErrorAction)
        {
            return Refuse(parsed, cli);
        }

        var invocation = new InvocationConfiguration { Output = cli.OutputText, Error = cli.ErrorText, EnableDefaultExceptionHandler = false };
        if (parsed.CommandResult.Command is OperatorCommand)
        {
            // these listen to signals themselves, or are simply ended by them
            invocation.ProcessTerminationTimeout = null;
        }

        try
        {
            return args is [var first, ..] && first.StartsWith("[suggest", StringComparison.Ordinal) ? Complete(parsed, cli) : await parsed.InvokeAsync(invocation);
        }
        catch (BrokenPipeException)
        {
            // whoever read our output has enough, as in "operone devices | head"
            return BrokenPipeException.ExitCode;
        }
#pragma warning disable CA1031 // the edge of the program
        catch (Exception bug)
#pragma warning restore CA1031
        {
            cli.Say($"this is a bug in operone; please report it: {bug}");
            return BugExitCode;
        }
        finally
        {
            cli.OutputText.Flush();
            cli.ErrorText.Flush();
        }
    }

    /// <summary>Suggests what may come next: options only where there is nothing else, as other programs do.</summary>
    private static int Complete(ParseResult parsed, CliContext cli)
    {
        using var suggested = new StringWriter();
        var result = parsed.Invoke(new InvocationConfiguration { Output = suggested, Error = cli.ErrorText, EnableDefaultExceptionHandler = false });
        var lines = suggested.ToString().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(l => l[0] != '/').Distinct(StringComparer.Ordinal).ToList();
        var words = lines.FindAll(l => l[0] != '-');
        foreach (var line in words.Count > 0 ? words : lines)
        {
            cli.OutputText.WriteLine(line);
        }

        return result;
    }

    private static int Refuse(ParseResult parsed, CliContext cli)
    {
        var command = parsed.CommandResult.Command;
        var root = parsed.RootCommandResult.Command;
        var path = Path(parsed.CommandResult);
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0 && command.Action is null)
        {
            // only "operone" or "operone agent": show what there is
            var help = command == root ? cli.OutputText : cli.ErrorText;
            root.Parse([.. path.Split(' ').Skip(1), "--help"], Parsing).Invoke(new InvocationConfiguration { Output = help });
            help.Flush();
            return command == root ? 0 : UsageExitCode;
        }

        var problems = parsed.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal).ToList();
        if (parsed.UnmatchedTokens.Count > 0 && command.Subcommands.Count > 0)
        {
            var word = parsed.UnmatchedTokens[0];
            var near = Nearest(word, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
            problems = [$"there is no command '{word}'{(near is null ? "" : $"; did you mean '{near}'?")}"];
        }

        foreach (var problem in problems)
        {
            cli.ErrorText.WriteLine($"{path}: {CliContext.Plain(problem)}");
        }

        cli.ErrorText.WriteLine($"See '{path} --help'.");
        cli.ErrorText.Flush();
        return UsageExitCode;
    }

    private static string Path(CommandResult result)
    {
        var names = new List<string>();
        for (SymbolResult? at = result; at is CommandResult command; at = at.Parent)
        {
            names.Insert(0, command.Command is RootCommand ? "operone" : command.Command.Name);
        }

        return string.Join(' ', names);
    }

    private static string? Nearest(string word, IEnumerable<string> names) =>
        names.Select(name => (Name: name, Distance: Distance(word, name)))
            .Where(n => n.Distance <= 2)
            .OrderBy(n => n.Distance)
            .Select(n => n.Name)
            .FirstOrDefault();

    // Levenshtein's distance, two rows at a time
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 0; i < a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i + 1;
            for (var j = 0; j < b.Length; j++)
            {
                var cost = a[i] == b[j] ? diagonal : diagonal + 1;
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(cost, Math.Min(row[j], diagonal) + 1);
            }
        }

        return row[b.Length];
    }
}
