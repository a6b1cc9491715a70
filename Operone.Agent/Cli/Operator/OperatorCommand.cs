using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Operone.Agent.Cli.Operator;

/// <summary>A command whose help ends with notes and examples.</summary>
internal sealed class OperatorCommand : Command
{
    /// <param name="name">The word that calls it.</param>
    /// <param name="description">What it does, in a sentence.</param>
    /// <param name="ending">What its help ends with: notes and at least one example.</param>
    /// <param name="usage">How it is written, where the usual <c>operone NAME ARGUMENTS [options]</c> would mislead.</param>
    public OperatorCommand(string name, string description, string ending, string? usage = null)
        : base(name, description) => Add(new HelpOption { Action = new FullHelp(ending, usage) });

    private sealed class FullHelp(string ending, string? usage) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var output = parseResult.InvocationConfiguration.Output;
            using var help = new StringWriter { NewLine = output.NewLine };
            parseResult.InvocationConfiguration.Output = help;
            var result = new HelpAction().Invoke(parseResult);
            parseResult.InvocationConfiguration.Output = output;
            var lines = help.ToString().TrimEnd().Split(output.NewLine);
            var usageAt = usage is null ? -1 : Array.FindIndex(lines, l => l.StartsWith("  operone ", StringComparison.Ordinal));
            if (usageAt >= 0)
            {
                lines[usageAt] = "  " + usage;
            }

            output.WriteLine(string.Join(output.NewLine, lines));
            output.WriteLine();
            output.WriteLine(ending.ReplaceLineEndings(output.NewLine));
            return result;
        }
    }
}
