using System.CommandLine;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary>Finds terminals by what people give of their ids.</summary>
internal static class TerminalLookup
{
    /// <summary>An argument or option that names a terminal, completed from the server.</summary>
    public static void Complete(Argument<string> argument, CliContext cli) =>
        argument.CompletionSources.Add(context => ServerCompletions.Ids(cli, "terminals?ended=false&limit=200", context));

    /// <summary>The terminal with this id, or the open one whose id alone begins so.</summary>
    public static async Task<Result<TerminalView>> FindAsync(OperoneApi api, string text, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(text, out var id))
        {
            return await api.GetAsync($"terminals/{id}", OperoneJson.Default.TerminalView, cancellationToken);
        }

        TerminalView? found = null;
        var digits = text.Replace("-", "", StringComparison.Ordinal);
        if (digits.Length == 0 || !digits.All(char.IsAsciiHexDigit))
        {
            return NotFound($"'{text}' is not the id of a terminal, nor the beginning of one.");
        }

        await foreach (var item in api.ListAsync("terminals?ended=false", 200, cancellationToken))
        {
            var view = item.Error is { } error ? error : api.Read(item.Value, OperoneJson.Default.TerminalView);
            if (view.IsError)
            {
                return view;
            }

            if (!view.Value.Id.ToString("N").StartsWith(digits, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (found is not null)
            {
                return new Error(ErrorKind.Conflict, "terminal-ambiguous", $"More than one terminal's id begins with '{text}'.", "Give more of it; 'operone terminals' lists them.");
            }

            found = view.Value;
        }

        return found is null ? NotFound($"No open terminal's id begins with '{text}'.") : found;
    }

    private static Error NotFound(string title) => new(ErrorKind.NotFound, "terminal-not-found", title, "'operone terminals' lists them.");
}
