using System.CommandLine;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Files;
using Operone.Core.Files.Search;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone search</c>.</summary>
internal static class SearchCommand
{
    public static Command Create(CliContext cli)
    {
        var pattern = new Argument<string>("PATTERN") { Description = "What a line must have in it: a regular expression. With -F a text as it is, with --names a pattern of names." };
        var places = new Argument<string[]>("PLACE") { Description = "DEVICE:PATH. With -d, -l or --all: paths on each device; by default all that may be had.", Arity = ArgumentArity.ZeroOrMore };
        var devices = new Option<string[]>("--device", "-d") { Description = "On this device, by name or id. Give it again, or names joined by commas, for more.", HelpName = "NAME" };
        devices.CompletionSources.Add(Shared.DeviceNames(cli));
        var selector = Shared.Selector();
        var all = new Option<bool>("--all") { Description = "On every device." };
        var names = new Option<bool>("--names") { Description = "Look for names that fit PATTERN (* ? [a-z]), not in files." };
        var text = new Option<bool>("--fixed", "-F") { Description = "PATTERN is a text as it is." };
        var ignoreCase = new Option<bool>("--ignore-case", "-i") { Description = "Case does not matter." };
        var word = new Option<bool>("--word", "-w") { Description = "Only whole words." };
        var name = new Option<string?>("--name") { Description = "Only in files whose names fit this pattern. Quote it.", HelpName = "GLOB" };
        var type = new Option<string?>("--type") { Description = "With --names: only files (f) or folders (d).", HelpName = "f|d" };
        type.AcceptOnlyFromAmong("f", "d");
        var hidden = new Option<bool>("--hidden") { Description = "Also names that begin with a dot, and what is in such folders." };
        var pdf = new Option<bool>("--pdf") { Description = "Also in the text of PDFs, which the server reads: up to 32 MiB each, 200 of a place." };
        var depth = new Option<int?>("--max-depth") { Description = "Look only so many folders deep; 0 is what is in the folder itself.", HelpName = "N" };
        var count = new Option<int?>("--max-count", "-m") { Description = "At most so many matches from each place; 1000 by default.", HelpName = "N" };
        var size = Shared.Parsed("--max-size", "SIZE", "Leave out files that are larger: 1M, 2GiB; 64MiB by default.", Quantities.ParseSize);
        var json = Shared.Json("Print the server's lines as they come: matches, progress, and each place's end or error.");
        var command = new OperatorCommand("search", "Search names and contents on devices.",
            """
            The devices search, all at once, with their own ripgrep where they have one, and each match is printed as it is
            found: DEVICE:PATH:LINE:TEXT. Files that are no text are left out; links are not followed. Ctrl+C ends the search
            on the devices too.

            Exit code, as grep has it: 0 something was found, 1 nothing was, 2 something could not be searched.

            Examples:
              operone search 'listen\s+443' web1:/etc/nginx
              operone search -F -i 'out of memory' -l env=prod /var/log
              operone search --names '*.pem' --all --hidden
            """,
            usage: "operone search [options] PATTERN (DEVICE:PATH... | (-d NAME | -l SELECTOR | --all) [PATH...])")
        {
            pattern, places, devices, selector, all, names, text, ignoreCase, word, name, type, hidden, pdf, depth, count, size, json,
        };
        command.Validators.Add(Shared.Check(result =>
        {
            var isTargeted = result.GetResult(devices) is not null || result.GetResult(selector) is not null || result.GetValue(all);
            return Problem(result.GetResult(places)?.Tokens.Select(t => t.Value).ToArray() ?? [], isTargeted);
        }));
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var isNames = parsed.GetValue(names);
            var wanted = parsed.GetValue(pattern)!;
            var query = new FileQuery
            {
                Name = isNames ? wanted : parsed.GetValue(name),
                Text = isNames ? null : wanted,
                IsRegex = !isNames && !parsed.GetValue(text),
                IgnoreCase = parsed.GetValue(ignoreCase),
                WholeWord = parsed.GetValue(word),
                Kind = !isNames ? null : parsed.GetValue(type) switch { "f" => FileKind.File, "d" => FileKind.Folder, _ => null },
                Hidden = parsed.GetValue(hidden),
                Pdf = parsed.GetValue(pdf) && !isNames,
                MaxDepth = parsed.GetValue(depth),
                MaxMatches = parsed.GetValue(count),
                MaxFileBytes = parsed.GetValue(size),
            };
            var given = parsed.GetValue(places) ?? [];
            var target = new RunTarget(Shared.SplitNames(parsed.GetValue(devices)) is { Length: > 0 } named ? named : null, parsed.GetValue(selector), parsed.GetValue(all));
            SearchFiles[] requests = target is { Devices: null, Selector: null, All: false }
                ? [.. given.Select(p => Place.Parse(p).Value).GroupBy(p => p.Path.ToAddress(), StringComparer.Ordinal)
                    .Select(g => new SearchFiles(new([.. g.Select(p => p.Device!).Distinct(StringComparer.Ordinal)]), query, [g.Key]))]
                : [new(target, query, given.Length == 0 ? null : [.. given.Select(AddressOf)])];
            return await new SearchRun(cli, api, parsed.GetValue(json)).RunAsync(requests, cancellationToken);
        }));
        return command;
    }

    /// <summary>What is wrong with where it is to look.</summary>
    private static string? Problem(string[] places, bool isTargeted)
    {
        if (places.Length == 0)
        {
            return isTargeted ? null : "say where: DEVICE:PATH, or -d, -l or --all";
        }

        foreach (var text in places)
        {
            if (isTargeted && !text.StartsWith('/'))
            {
                return $"'{text}' is no absolute path: with -d, -l or --all the places are paths on each device";
            }

            var place = Place.Parse(text);
            if (place.Error is { } error)
            {
                return error.Detail;
            }

            if (!isTargeted && place.Value.IsLocal)
            {
                return $"'{text}' is no place on a device: write DEVICE:PATH, as in web1:/etc";
            }
        }

        return null;
    }

    /// <summary>A path on a device, as an address; it is none of this machine.</summary>
    private static string AddressOf(string path) => Place.Parse("device:" + RawArguments.Restore(path)) is { IsError: false } place ? place.Value.Path.ToAddress() : path;
}
