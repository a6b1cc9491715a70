using System.CommandLine;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone unpack</c>.</summary>
internal static class UnpackCommand
{
    private const int TroubleExitCode = 1;

    public static Command Create(CliContext cli)
    {
        var archive = new Argument<string>("ARCHIVE") { Description = "The archive: DEVICE:PATH, a path here, or '-' for standard input." };
        var target = new Argument<string>("TARGET") { Description = "The folder, DEVICE:PATH. It is made where it is not there." };
        var conflict = new Option<string?>("--conflict") { Description = "What becomes of files that are there already: fail (they stay, and are named; by default), skip, overwrite.", HelpName = "HOW" };
        conflict.AcceptOnlyFromAmong("fail", "skip", "overwrite");
        var verbose = FileArguments.Verbose();
        var json = Shared.Json("Print the server's lines as they come: each entry, and the end.");
        var command = new OperatorCommand("unpack", "Unpack an archive into a folder of a device.",
            """
            Takes zip, tar, tar.gz and tar.zst; what counts are the first bytes, not the name. The server unpacks, and stores
            nothing. Names and links that lead out of the folder are refused, and so are devices and pipes; an archive that
            comes to too much is stopped, and what was written before stays.
            Exit code: 0 all was unpacked, or was there already with --conflict skip; 1 something was not; 2 the command
            line is wrong, or nothing was unpacked.

            Examples:
              operone unpack site.tar.gz web1:/srv/www
              operone unpack db1:/backup/dump.zip db2:/restore
              tar c site | operone unpack - web1:/srv/www
            """) { archive, target, conflict, verbose, json };
        command.Validators.Add(Shared.Check(result => Place.Parse(result.GetResult(target)?.Tokens is [var token, ..] ? token.Value : "") is var place && place.IsError ? place.Error!.Detail
            : place.Value.IsLocal ? "the target must be on a device: write DEVICE:PATH" : null));
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var (from, to) = (parsed.GetValue(archive)!, Place.Parse(parsed.GetValue(target)!).Value);
            var source = from == "-" ? null : Place.Parse(from) is { IsError: false } place ? place.Value : null;
            var query = Shared.Query(
                ("conflict", parsed.GetValue(conflict)), ("from", source is { Device: { } device } ? new RemoteFiles(api, device).AddressOf(source.Path) : null));
            try
            {
                await using var input = source is { IsLocal: false } ? Stream.Null : source is null ? cli.OpenInput() : File.OpenRead(RawArguments.Restore(from));
                using var body = new StreamContent(input, FileLimits.PieceBytes);
                var path = new RemoteFiles(api, to.Device!).AddressOf(to.Path).Replace(":", "%3A", StringComparison.Ordinal);
                var sent = await api.SendFileAsync(HttpMethod.Post, $"/files{path}:unpack{query}", body, null, isLong: true, cancellationToken);
                if (sent.Error is { } refused)
                {
                    return cli.Fail(refused);
                }

                using var response = sent.Value;
                return await PrintAsync(cli, api, response, parsed.GetValue(verbose), parsed.GetValue(json), parsed.GetValue(conflict) == "skip", cancellationToken);
            }
            catch (Exception problem) when (problem is (IOException or UnauthorizedAccessException) and not BrokenPipeException)
            {
                return cli.Fail(new Error(ErrorKind.Invalid, "local-file", $"'{from}' cannot be read.", problem.Message));
            }
        }));
        return command;
    }

    private static async Task<int> PrintAsync(
        CliContext cli, OperoneApi api, HttpResponseMessage response, bool isVerbose, bool isJson, bool isSkippedFine, CancellationToken cancellationToken)
    {
        UnpackEnd? end = null;
        try
        {
            await using var lines = await response.Content.ReadAsStreamAsync(cancellationToken);
            await foreach (var line in JsonSerializer.DeserializeAsyncEnumerable(lines, OperoneJson.Default.UnpackLine, topLevelValues: true, cancellationToken))
            {
                end = line?.End ?? end;
                if (isJson && line is not null)
                {
                    cli.OutputText.WriteLine(JsonSerializer.Serialize(line, OperoneJson.Default.UnpackLine));
                }
                else if (line?.Entry is { Outcome: UnpackOutcome.Unpacked } entry && isVerbose)
                {
                    cli.OutputText.WriteLine(CliContext.Plain(entry.Name));
                }

                if (line?.Entry is { Outcome: not UnpackOutcome.Unpacked } trouble && (isVerbose || !(isSkippedFine && trouble.Outcome == UnpackOutcome.Skipped)))
                {
                    cli.Say($"unpack: {trouble.Name}: {trouble.Outcome.ToString().ToLowerInvariant()}: {trouble.Detail}");
                }
            }
        }
        catch (JsonException)
        {
            return cli.Fail(api.NotOperone());
        }
        catch (Exception e) when (e is not BrokenPipeException && api.Explain(e, cancellationToken) is not null)
        {
            return cli.Fail(api.Explain(e, cancellationToken)!);
        }

        cli.OutputText.Flush();
        if (end is null)
        {
            return cli.Fail(api.NotOperone());
        }

        if (end.Problem is { } problem)
        {
            cli.Say($"unpack: {problem.Detail} {end.Unpacked} entries with {end.Bytes} bytes were written before.");
        }

        return end.Problem is not null || end.Refused + end.Failed > 0 || (end.Skipped > 0 && !isSkippedFine) ? TroubleExitCode : 0;
    }
}
