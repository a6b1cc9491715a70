using System.CommandLine;
using Operone.Agent.Cli.Operator.Terminals;

namespace Operone.Agent.Cli.Operator;

/// <summary>
/// Ends the options of <c>operone run</c> and <c>operone shell</c> at the first word of the command, as ssh and docker do, so that
/// <c>operone run -d web ls -l</c> does not take the command's <c>-l</c> for its own.
/// </summary>
internal static class RunArguments
{
    /// <summary>The arguments, with <c>--</c> put before the command where it was left out.</summary>
    public static IReadOnlyList<string> EndOptions(RootCommand root, IReadOnlyList<string> args)
    {
        if (args is not [RunCommand.Name or ShellCommand.Name, ..] || root.Subcommands.FirstOrDefault(c => c.Name == args[0]) is not { } run)
        {
            return args;
        }

        // the first word after "shell" is the device
        var names = args[0] == ShellCommand.Name ? 1 : 0;
        for (var at = 1; at < args.Count; at++)
        {
            var word = args[at];
            if (word == "--")
            {
                return args;
            }

            if (!word.StartsWith('-') || word == "-")
            {
                if (names-- > 0)
                {
                    continue;
                }

                return [.. args.Take(at), "--", .. args.Skip(at)];
            }

            // "--timeout=5s" and "-dweb" carry their value; "--timeout 5s" has it in the next word
            var option = run.Options.FirstOrDefault(o => o.Name == word || o.Aliases.Contains(word));
            at += option is { Arity.MinimumNumberOfValues: > 0 } ? 1 : 0;
        }

        return args;
    }
}
