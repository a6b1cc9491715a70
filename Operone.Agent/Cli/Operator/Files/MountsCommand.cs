using System.CommandLine;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone mounts</c>: lists, adds, tries and removes folders of the server and of other servers in the tree.</summary>
internal static class MountsCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("mounts", "List, add, test and remove mounts: folders of the server, SFTP and WebDAV servers in the tree.")
        {
            CreateList(cli), MountAddCommand.Create(cli), CreateTest(cli), CreateRemove(cli),
        };
        command.Aliases.Add("mount");
        command.SetAction((_, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, null, json: false, cancellationToken)));
        return command;
    }

    /// <summary>The argument NAME.</summary>
    public static Argument<string> Name(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "The mount's name, or its id." };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "mounts", context));
        return name;
    }

    /// <summary>A mount's address.</summary>
    public static string Path(string name) => "mounts/" + Uri.EscapeDataString(name);

    /// <summary>Tries one, and says what came of it.</summary>
    public static async Task<int> TestAsync(CliContext cli, OperoneApi api, string name, CancellationToken cancellationToken)
    {
        var tested = await api.PostAsync(Path(name) + "/test", OperoneJson.Default.MountTest, cancellationToken);
        if (tested.Error is { } error)
        {
            return cli.Fail(error);
        }

        cli.Say($"{name}: {tested.Value.Detail}");
        return tested.Value.Works ? 0 : 1;
    }

    private static OperatorCommand CreateList(CliContext cli)
    {
        var text = new Option<string?>("--query", "-q") { Description = "Only mounts that have this text in their name or address.", HelpName = "TEXT" };
        var json = Shared.Json("Print the mounts as one JSON array. What they sign in with is not in it.");
        var command = new OperatorCommand("list", "List the mounts.",
            """
            Example:
              operone mounts list
              operone mounts list -q sftp --json
            """) { text, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api =>
            ListAsync(cli, api, parsed.GetValue(text), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateTest(CliContext cli)
    {
        var name = Name(cli);
        var command = new OperatorCommand("test", "Try a mount: connect, sign in, list its folder.",
            """
            Of an SFTP server it says which key that shows, where the key is not the mount's.
            Exit code: 0 it works, 1 it does not.

            Example:
              operone mounts test backup
            """) { name };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => TestAsync(cli, api, parsed.GetValue(name)!, cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateRemove(CliContext cli) => Shared.Remove(
        cli, "remove", "Remove a mount from the tree, with its secrets. The files stay.",
        """
        Example:
          operone mounts remove backup
        """, Name(cli), Path);

    private static async Task<int> ListAsync(CliContext cli, OperoneApi api, string? text, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return await Listing.PrintAsync(
            cli, api, "mounts" + Shared.Query(("q", text)), null, json, new Table("PATH", "SHOWS", "USER", "BY", "MAY BE", "LABELS", "CHANGED"),
            text is null ? "there are no mounts; 'operone mounts add NAME ADDRESS' makes one" : "no mount matches", OperoneJson.Default.MountView, one =>
            [
                one.Path, one.Address, one.User, one.SignIn == MountSignIn.None ? new Cell("-", Tone.Off) : one.SignIn.ToString().ToLowerInvariant(), one.IsWritable ? "written" : "read",
                string.Join(',', one.Labels.Select(l => $"{l.Key}={l.Value}")), Quantities.FormatRelative(one.UpdatedAt, now),
            ], cancellationToken);
    }
}
