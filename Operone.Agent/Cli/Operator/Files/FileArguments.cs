using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using Operone.Core;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>Arguments and options that several of the files' commands have.</summary>
internal static class FileArguments
{
    /// <summary>Places on devices.</summary>
    public static Argument<Place[]> Places(CliContext cli, bool allowLocal, string description) => Make(cli, "DEVICE:PATH", allowLocal, description, ArgumentArity.OneOrMore);

    /// <summary>SOURCE... TARGET.</summary>
    public static Argument<Place[]> Journey(CliContext cli, bool isPair = false) => Make(
        cli, isPair ? "SOURCE TARGET" : "SOURCE... TARGET", allowLocal: true, "From where, and to where at last: DEVICE:PATH, an address in the tree behind a colon (:/mounts/NAME/PATH), or a path here.", new ArgumentArity(2, isPair ? 2 : 100_000));

    /// <summary><c>--quiet</c>.</summary>
    public static Option<bool> Quiet() => new("--quiet", "-q") { Description = "Show no progress; errors are still said." };

    /// <summary><c>--dry-run</c>.</summary>
    public static Option<bool> DryRun() => new("--dry-run", "-n") { Description = "Change nothing; print what would be done: files, bytes, conflicts." };

    /// <summary><c>--verbose</c>.</summary>
    public static Option<bool> Verbose() => new("--verbose", "-v") { Description = "Print each file when it is done." };

    /// <summary><c>--retry-for</c>.</summary>
    public static Option<TimeSpan?> RetryFor() => Shared.Parsed(
        "--retry-for", "TIME", "How long to try again while nothing moves, when a connection, the server or an agent is lost: 30s, 5m; 60s by default.", Quantities.ParseDuration);

    /// <summary>The value of <see cref="RetryFor"/>.</summary>
    public static TimeSpan Window(TimeSpan? given) => given ?? TimeSpan.FromSeconds(60);

    /// <summary>Refuses a journey from here to here.</summary>
    public static Action<CommandResult> NotBothHere(Argument<Place[]> places, string program) => Shared.Check(result =>
    {
        // what cannot be read is said by the argument itself
        var given = (result.GetResult(places)?.Tokens ?? []).Select(t => Place.Parse(t.Value)).ToArray();
        return given.Length > 1 && given.All(p => !p.IsError) && given[^1].Value.IsLocal && given[..^1].Any(p => p.Value.IsLocal)
            ? $"source and target are both here: that is what {program} is for (a place on a device is written DEVICE:PATH)" : null;
    });

    private static Argument<Place[]> Make(CliContext cli, string name, bool allowLocal, string description, ArgumentArity arity)
    {
        var argument = new Argument<Place[]>(name)
        {
            Description = description,
            Arity = arity,
            CustomParser = result =>
            {
                var places = new List<Place>();
                foreach (var token in result.Tokens)
                {
                    var place = allowLocal ? Place.Parse(token.Value) : Place.ParseRemote(token.Value);
                    if (place.Error is { } error)
                    {
                        result.AddError(error.Detail);
                    }
                    else if (place.Value.IsLocal && !allowLocal)
                    {
                        result.AddError($"'{token.Value}' is no place on a device: write DEVICE:PATH, as in web1:/etc, or an address in the tree, as /mounts/NAME/PATH");
                    }
                    else
                    {
                        places.Add(place.Value);
                    }
                }

                return [.. places];
            },
        };
        argument.CompletionSources.Add(context => Complete(cli, context));
        return argument;
    }

    private static IEnumerable<CompletionItem> Complete(CliContext cli, CompletionContext context) =>
        context.WordToComplete.AsSpan().ContainsAny(":/.") ? [] : ServerCompletions.Devices(cli, context).Select(d => new CompletionItem(d.Label + ":"));
}
