using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary>What several commands have in common.</summary>
internal static class Shared
{
    /// <summary>The first twenty names, and how many more there are.</summary>
    public static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(20)) + (names.Count > 20 ? $" and {names.Count - 20} more" : "");

    /// <summary><c>-l</c>, as every command that takes devices has it.</summary>
    public static Option<string?> Selector() => new("--selector", "-l")
    {
        Description = "Only devices with such labels, as in Kubernetes: env=prod,role in (web,db),!retired",
        HelpName = "SELECTOR",
    };

    /// <summary><c>--json</c>.</summary>
    public static Option<bool> Json(string description) => new("--json") { Description = description };

    /// <summary>The argument RUN.</summary>
    public static Argument<Guid> Run(CliContext cli) => Id(
        "RUN", "The run's id, as 'operone runs' and 'operone run --detach' show it.", "a run", "runs", context => ServerCompletions.Runs(cli, context));

    /// <summary>An argument that is an id.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it is.</param>
    /// <param name="what">Of what it is the id, with its article.</param>
    /// <param name="list">The command that lists them.</param>
    /// <param name="completions">Ids that begin with the word under the cursor.</param>
    public static Argument<Guid> Id(string name, string description, string what, string list, Func<CompletionContext, IEnumerable<CompletionItem>> completions)
    {
        var argument = new Argument<Guid>(name)
        {
            Description = description,
            CustomParser = result =>
            {
                if (Guid.TryParse(result.Tokens[0].Value, out var id))
                {
                    return id;
                }

                result.AddError($"'{result.Tokens[0].Value}' is not the id of {what}; 'operone {list}' lists them");
                return Guid.Empty;
            },
        };
        argument.CompletionSources.Add(completions);
        return argument;
    }

    /// <summary>An option with a value that <paramref name="parse"/> reads.</summary>
    public static Option<T?> Parsed<T>(string name, string helpName, string description, Func<string?, Result<T>> parse)
        where T : struct => new(name)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = result =>
            {
                var value = parse(result.Tokens[0].Value);
                if (value.Error is { } error)
                {
                    result.AddError($"{name}: {error.Detail}");
                    return null;
                }

                return value.Value;
            },
        };

    /// <summary>Names of devices that begin with the word under the cursor.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> DeviceNames(CliContext cli) =>
        context => ServerCompletions.Devices(cli, context);

    /// <summary>The values of a list of names given one by one or joined by commas.</summary>
    public static string[] SplitNames(string[]? names) =>
        (names ?? []).SelectMany(n => n.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToArray();

    /// <summary>Variables given as <c>NAME=VALUE</c>.</summary>
    public static Result<Dictionary<string, string>> Variables(string option, string[]? given)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in given ?? [])
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                return Error.InvalidField(option, $"'{text}' should be NAME=VALUE");
            }

            variables[text[..at]] = text[(at + 1)..];
        }

        return variables;
    }

    /// <summary>A query string of what is not null.</summary>
    public static string Query(params (string Name, string? Value)[] parameters)
    {
        var given = parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}").ToArray();
        return given.Length == 0 ? "" : "?" + string.Join('&', given);
    }

    /// <summary>Finds the credentials and does something with the API.</summary>
    public static async Task<int> WithApiAsync(CliContext cli, Func<OperoneApi, Task<int>> act)
    {
        var credentials = new CredentialStore(cli).Find();
        if (credentials.Error is { } error)
        {
            return cli.Fail(error);
        }

        using var api = new OperoneApi(credentials.Value);
        return await act(api);
    }

    /// <summary>The command that removes what has a name.</summary>
    /// <param name="cli">Where it speaks.</param>
    /// <param name="verb">What it is called: <c>remove</c>.</param>
    /// <param name="description">What it does.</param>
    /// <param name="help">More of it, with an example.</param>
    /// <param name="name">The argument that names it.</param>
    /// <param name="path">Its address by its name.</param>
    public static OperatorCommand Remove(CliContext cli, string verb, string description, string help, Argument<string> name, Func<string, string> path)
    {
        var command = new OperatorCommand(verb, description, help) { name };
        command.SetAction((parsed, cancellationToken) => WithApiAsync(cli, async api =>
        {
            var removed = await api.DeleteAsync(path(parsed.GetValue(name)!), cancellationToken);
            if (removed.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say($"removed '{parsed.GetValue(name)}'");
            return 0;
        }));
        return command;
    }

    /// <summary>A validator that adds what is wrong, if something is.</summary>
    public static Action<CommandResult> Check(Func<CommandResult, string?> problem) => result =>
    {
        if (problem(result) is { } text)
        {
            result.AddError(text);
        }
    };
}
