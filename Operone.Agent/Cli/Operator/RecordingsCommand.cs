using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone recordings</c>: lists, searches, downloads, plays and removes recordings of terminals.</summary>
internal static class RecordingsCommand
{
    public static Command Create(CliContext cli)
    {
        var device = new Option<string?>("--device", "-d") { Description = "Only of this device, by name or id.", HelpName = "DEVICE" };
        device.CompletionSources.Add(Shared.DeviceNames(cli));
        var search = new Option<string?>("--search", "-s") { Description = "Find this text in what was on the screen: line by line, with the moment.", HelpName = "TEXT" };
        var limit = new Option<int>("--limit") { Description = "How many, the latest first.", HelpName = "N", DefaultValueFactory = _ => 20 };
        limit.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--limit must be at least 1");
            }
        });
        var json = Shared.Json("Print what is found as one JSON array.");
        var command = new OperatorCommand("recordings", "List, search, play, download and remove recordings of terminals.",
            """
            Example:
              operone recordings
              operone recordings --device web-1 --limit 5
              operone recordings --search 'rm -rf'
              operone recordings play 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --speed 4
            """, "operone recordings [command] [options]") { device, search, limit, json, CreateGet(cli), RecordingPlayCommand.Create(cli), CreateRemove(cli) };
        command.Validators.Add(Shared.Check(result =>
            result.GetValue(search) is not null && result.GetValue(device) is not null ? "--search looks into the recordings of all devices; it does not go with --device" : null));
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => parsed.GetValue(search) is { } text
            ? SearchAsync(cli, api, text, parsed.GetValue(limit), parsed.GetValue(json), cancellationToken)
            : ListAsync(cli, api, parsed.GetValue(device), parsed.GetValue(limit), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    /// <summary>The argument RECORDING.</summary>
    internal static Argument<Guid> Recording(CliContext cli) => Shared.Id(
        "RECORDING", "The recording's id, which is that of the terminal, as 'operone recordings' shows it.", "a recording", "recordings",
        context => ServerCompletions.Ids(cli, "recordings?limit=20", context));

    private static OperatorCommand CreateGet(CliContext cli)
    {
        var recording = Recording(cli);
        var file = new Option<string?>("--output", "-o") { Description = "Into this file instead of standard output. It is there only once it is whole.", HelpName = "FILE" };
        var command = new OperatorCommand("get", "Download a recording, as it was made: asciicast v2.",
            """
            It has whatever programs printed, also what steers a terminal: do not print it on yours. 'operone recordings
            play' and asciinema play it.

            Example:
              operone recordings get 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c -o session.cast
            """) { recording, file };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => Download.SaveAsync(
            cli, api, $"recordings/{parsed.GetValue(recording)}/asciicast", parsed.GetValue(file), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateRemove(CliContext cli)
    {
        var recording = Recording(cli);
        var command = new OperatorCommand("remove", "Remove a recording for good.",
            """
            That there was a terminal stays known. The recording of one that goes on cannot be removed.

            Example:
              operone recordings remove 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c
            """) { recording };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var id = parsed.GetValue(recording);
            var removed = await api.DeleteAsync($"recordings/{id}", cancellationToken);
            if (removed.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say($"removed the recording {id}");
            return 0;
        }));
        return command;
    }

    private static Task<int> ListAsync(CliContext cli, OperoneApi api, string? device, int limit, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return Listing.PrintAsync(
            cli, api, "recordings" + Shared.Query(("device", device)), limit, json, new Table("RECORDING", "DEVICE", "OPENED", "TOOK", "SIZE", "BY", "TERMINAL"),
            device is null ? "there are no recordings; a policy of terminals says what is recorded" : "no recording matches", OperoneJson.Default.RecordingView, r =>
            [
                r.Id.ToString(), r.DeviceName, Quantities.FormatRelative(r.StartedAt, now),
                r.Seconds is { } seconds ? Quantities.FormatDuration(TimeSpan.FromSeconds(seconds)) : new Cell("goes on", Tone.Busy),
                r.MissingBytes > 0 ? new Cell($"{Quantities.FormatSize(r.Bytes)} of {Quantities.FormatSize(r.Bytes + r.MissingBytes)}", Tone.Warning) : Quantities.FormatSize(r.Bytes),
                r.Owner, r.Title ?? r.Command,
            ], cancellationToken);
    }

    private static Task<int> SearchAsync(CliContext cli, OperoneApi api, string text, int limit, bool json, CancellationToken cancellationToken) => Listing.PrintAsync(
        cli, api, "recordings/search" + Shared.Query(("q", text)), limit, json, new Table("RECORDING", "DEVICE", "BY", "AT", "LINE"), "this text is in no recording that you may see",
        OperoneJson.Default.RecordingMatch, m => [m.RecordingId.ToString(), m.DeviceName, m.Owner, m.Seconds.ToString("0.0", CultureInfo.InvariantCulture), m.Snippet], cancellationToken);
}
