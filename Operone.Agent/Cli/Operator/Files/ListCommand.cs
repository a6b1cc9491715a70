using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone ls</c>.</summary>
internal static class ListCommand
{
    public static Command Create(CliContext cli)
    {
        var places = FileArguments.Places(cli, allowLocal: false, "Folders to list, or files to show. The last name may be a pattern: 'web1:/var/log/*.log'.");
        var isLong = new Option<bool>("--long", "-l") { Description = "With mode, owner, size and time." };
        var all = new Option<bool>("--all", "-a") { Description = "Also names that begin with a dot." };
        var json = Shared.Json("Print what is there as one JSON array, with all that is known; a 'path' in it has a name's exact bytes.");
        var sort = new Option<string?>("--sort") { Description = "By name (default; folders first), size (largest first) or modified (latest first).", HelpName = "name|size|modified" };
        sort.AcceptOnlyFromAmong("name", "size", "modified");
        var command = new OperatorCommand("ls", "List folders on devices.",
            """
            Names are shown with U+FFFD where they have what is no text, or would steer a terminal.
            Exit code: 0 all was listed, 1 something was not, 2 the command line is wrong.

            Example:
              operone ls web1:/etc
              operone ls -la --sort size 'web1:/var/log/*.log'
              operone ls --json web1:/srv | jq -r '.[] | select(.size > 1e6).path'
            """) { places, isLong, all, sort, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var order = parsed.GetValue(sort) switch { "size" => "-size", "modified" => "-modified", _ => null as string };
            var listing = new Listing(new FileRun(cli, api, "ls"), parsed.GetValue(isLong), parsed.GetValue(all), order, parsed.GetValue(json));
            return await listing.RunAsync(parsed.GetValue(places)!, cancellationToken);
        }));
        return command;
    }

    private sealed class Listing(FileRun run, bool isLong, bool all, string? order, bool isJson)
    {
        private readonly List<JsonElement> _json = [];
        private Table _table = NewTable();
        private int _rows;

        public async Task<int> RunAsync(Place[] places, CancellationToken cancellationToken)
        {
            var found = await run.FindAsync(places, isMissingFine: false, cancellationToken);
            var folders = found.FindAll(f => f.Item.IsFolder);
            foreach (var (place, item) in found.Where(f => !f.Item.IsFolder))
            {
                var view = await StatAsync(place, cancellationToken);
                if (view.Error is { } error)
                {
                    run.Fail(run.Show(place), error);
                    continue;
                }

                Add(view.Value, run.Show(place));
            }

            Flush();
            var isFirst = folders.Count == found.Count;
            foreach (var (place, _) in folders)
            {
                if (!isJson && (found.Count > 1 || places.Length > 1))
                {
                    run.Cli.OutputText.WriteLine($"{(isFirst ? "" : "\n")}{run.Show(place)}:");
                    isFirst = false;
                }

                var listed = await ((RemoteFiles)run.SideOf(place)).ListAsync(place.Path, order, (item, view) =>
                {
                    if (all || item.Name[0] != '.')
                    {
                        Add(view, FileName.Display(item.Name));
                    }
                }, cancellationToken);
                Flush();
                if (listed.Error is { } error)
                {
                    run.Fail(run.Show(place), error);
                }
            }

            if (isJson)
            {
                CliJson.Print(run.Cli, _json);
            }

            run.Cli.OutputText.Flush();
            return run.ExitCode;
        }

        private async Task<Result<FileView>> StatAsync(Place place, CancellationToken cancellationToken) =>
            await ((RemoteFiles)run.SideOf(place)).ViewAsync(place.Path, cancellationToken);

        private void Add(FileView view, string name)
        {
            if (isJson)
            {
                _json.Add(JsonSerializer.SerializeToElement(view, OperoneJson.Default.FileView));
                return;
            }

            var shown = CliContext.Plain(name);
            if (!isLong)
            {
                run.Cli.OutputText.WriteLine(shown);
                return;
            }

            _rows++;
            _table.Add(
                Mode(view), FileName.Display(view.Owner ?? ""), FileName.Display(view.Group ?? ""), view.Size?.ToString(CultureInfo.InvariantCulture),
                view.ModifiedAt?.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), new Cell(
                    shown + (view.Target is null ? "" : " -> " + FileName.Display(string.Join('/', view.Target.Split('/').Select(s => FileName.FromSegment(s) ?? s)))),
                    view.Kind switch { FileKind.Folder => Tone.Busy, FileKind.Link when view.TargetKind is null => Tone.Bad, FileKind.Link => Tone.Good, FileKind.Other => Tone.Warning, _ => Tone.None }));
        }

        private void Flush()
        {
            if (_rows > 0)
            {
                _table.Print(run.Cli);
                (_table, _rows) = (NewTable(), 0);
            }
        }

        private static Table NewTable() => new("MODE", "OWNER", "GROUP", "SIZE", "MODIFIED (UTC)", "NAME");

        /// <summary>As <c>ls -l</c> writes it.</summary>
        private static string Mode(FileView view)
        {
            var kind = view.Kind switch { FileKind.Folder => 'd', FileKind.Link => 'l', FileKind.Other => '?', _ => '-' };
            if (view.Mode is not { Length: > 0 } text || text.Any(c => c is < '0' or > '7') || text.Length > 4)
            {
                return kind.ToString();
            }

            var bits = Convert.ToInt32(text, 8);
            return kind + string.Concat(Enumerable.Range(0, 3).Select(i =>
            {
                var three = (bits >> (6 - (3 * i))) & 7;
                var special = (bits >> (11 - i)) & 1;
                var (set, unset) = i == 2 ? ('t', 'T') : ('s', 'S');
                return $"{((three & 4) != 0 ? 'r' : '-')}{((three & 2) != 0 ? 'w' : '-')}{(special == 1 ? (three & 1) != 0 ? set : unset : (three & 1) != 0 ? 'x' : '-')}";
            }));
        }
    }
}
