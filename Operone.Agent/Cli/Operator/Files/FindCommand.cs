using System.CommandLine;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone find</c>.</summary>
internal static class FindCommand
{
    public static Command Create(CliContext cli)
    {
        var places = FileArguments.Places(cli, allowLocal: false, "Where to look: folders, with all that is below them.");
        var name = new Option<string?>("--name") { Description = "Only names that fit this pattern: * ? [a-z]. Quote it.", HelpName = "GLOB" };
        var type = new Option<string?>("--type") { Description = "Only files (f), folders (d) or links (l).", HelpName = "f|d|l" };
        type.AcceptOnlyFromAmong("f", "d", "l");
        var size = Shared.Parsed("--size", "[+|-]SIZE", "Only files that are larger (+1M), smaller (-1M), or exactly so large.", ParseSize);
        var depth = new Option<int?>("--max-depth") { Description = "Look only so many folders deep; 0 is the place itself.", HelpName = "N" };
        depth.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int?>() < 0)
            {
                result.AddError("--max-depth must be 0 or more");
            }
        });
        var command = new OperatorCommand("find", "Find files below folders of devices.",
            """
            Looks folder by folder, and prints what fits as it is found. Links are not followed.
            Exit code: 0 all was looked through, 1 something could not be, 2 the command line is wrong.

            Example:
              operone find web1:/etc --name '*.conf'
              operone find web1:/var db1:/var --type f --size +100M
            """) { places, name, type, size, depth };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var run = new FileRun(cli, api, "find");
            var kind = parsed.GetValue(type) switch { "f" => FileKind.File, "d" => FileKind.Folder, "l" => FileKind.Link, _ => null as FileKind? };
            var (pattern, wanted) = (parsed.GetValue(name), parsed.GetValue(size));
            foreach (var (place, item) in await run.FindAsync(parsed.GetValue(places)!, isMissingFine: false, cancellationToken))
            {
                // a link that was named is entered
                var start = item.IsFolder ? item with { Kind = FileKind.Folder } : item;
                await WalkAsync(run, place, start, parsed.GetValue(depth) ?? int.MaxValue, found =>
                {
                    if ((kind is null || found.Kind == kind) && (pattern is null || FilePattern.MatchesName(pattern, found.Name, StringComparison.Ordinal))
                        && (wanted is not { } limit || (found.Kind == FileKind.File && limit.Fits(found.Size))))
                    {
                        cli.OutputText.WriteLine(CliContext.Plain(run.SideOf(place).Show(found.Path)));
                    }
                }, cancellationToken);
            }

            cli.OutputText.Flush();
            return run.ExitCode;
        }));
        return command;
    }

    private static async Task WalkAsync(FileRun run, Place place, FileItem start, int depth, Action<FileItem> found, CancellationToken cancellationToken)
    {
        found(start);
        var waiting = new Stack<(TreePath Path, int Depth)>();
        if (start.Kind == FileKind.Folder && depth > 0)
        {
            waiting.Push((start.Path, 1));
        }

        var below = new List<TreePath>();
        while (waiting.TryPop(out var next))
        {
            below.Clear();
            var listed = await run.SideOf(place).ListAsync(next.Path, item =>
            {
                found(item);
                if (item.Kind == FileKind.Folder && next.Depth < depth)
                {
                    below.Add(item.Path);
                }
            }, cancellationToken);
            run.Cli.OutputText.Flush();
            if (listed.Error is { } error)
            {
                run.Fail(run.SideOf(place).Show(next.Path), error);
            }

            for (var i = below.Count - 1; i >= 0; i--)
            {
                waiting.Push((below[i], next.Depth + 1));
            }
        }
    }

    private static Result<SizeLimit> ParseSize(string? text)
    {
        var sign = text is ['+' or '-', ..] ? text[0] : '=';
        var size = Quantities.ParseSize(sign == '=' ? text : text![1..]);
        return size.IsError ? size.Error! : new SizeLimit(sign, size.Value);
    }

    /// <summary>A limit of sizes.</summary>
    private readonly record struct SizeLimit(char Sign, long Bytes)
    {
        public bool Fits(long size) => Sign switch { '+' => size > Bytes, '-' => size < Bytes, _ => size == Bytes };
    }
}
