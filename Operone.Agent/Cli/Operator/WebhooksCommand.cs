using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Events;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone webhooks</c>: where events are sent to, and what was.</summary>
internal static class WebhooksCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("webhooks", "List, add, try and remove webhooks: where events are sent to. See what was sent, and send it again.")
        {
            CreateList(cli), WebhookAddCommand.Create(cli), CreateTest(cli), CreateRotate(cli), CreateSent(cli), CreateAgain(cli), CreateRemove(cli),
        };
        command.Aliases.Add("webhook");
        command.SetAction((_, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, json: false, cancellationToken)));
        return command;
    }

    /// <summary>A webhook's address in the API.</summary>
    public static string Path(string name) => "webhooks/" + Uri.EscapeDataString(name);

    private static Argument<string> Name(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "The webhook's name, or its id." };
        name.CompletionSources.Add(context => ServerCompletions.Names(cli, "webhooks", context));
        return name;
    }

    private static OperatorCommand CreateList(CliContext cli)
    {
        var json = Shared.Json("Print the webhooks as one JSON array. Secrets are not in it.");
        var command = new OperatorCommand("list", "List the webhooks.",
            """
            Example:
              operone webhooks list
            """) { json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(cli, api, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateTest(CliContext cli)
    {
        var name = Name(cli);
        var command = new OperatorCommand("test", "Send an event that says nothing, once, and say what came of it.",
            """
            Exit code: 0 it was taken, 1 it was not.

            Example:
              operone webhooks test chat
            """) { name };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var tested = await api.PostAsync(Path(parsed.GetValue(name)!) + "/test", OperoneJson.Default.WebhookAttemptView, cancellationToken);
            if (tested.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say($"{tested.Value.Problem ?? "taken"} ({tested.Value.Milliseconds} ms){(tested.Value.Excerpt is { } excerpt ? $": {excerpt}" : "")}");
            return tested.Value.Problem is null ? 0 : 1;
        }));
        return command;
    }

    private static OperatorCommand CreateRotate(CliContext cli)
    {
        var name = Name(cli);
        var command = new OperatorCommand("rotate", "Make a new secret, and print it. It is shown this once.",
            """
            For a day requests are signed with the secret before too.

            Example:
              operone webhooks rotate chat
            """) { name };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var made = await api.PostAsync(Path(parsed.GetValue(name)!) + "/secret", OperoneJson.Default.WebhookSecretView, cancellationToken);
            if (made.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.OutputText.WriteLine(made.Value.Secret);
            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateSent(CliContext cli)
    {
        var name = Name(cli);
        var status = new Option<DeliveryStatus?>("--status", "-s") { Description = "Of this state alone: pending, delivered or dead.", HelpName = "STATE" };
        var json = Shared.Json("Print them as one JSON array.");
        var command = new OperatorCommand("sent", "List what was sent to a webhook, what waits and what was given up; newest first.",
            """
            Example:
              operone webhooks sent chat
              operone webhooks sent chat --status dead --json
            """) { name, status, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => Listing.PrintAsync(
            cli, api, Path(parsed.GetValue(name)!) + "/deliveries" + Shared.Query(("status", parsed.GetValue(status)?.ToString().ToLowerInvariant())), 200, parsed.GetValue(json),
            new Table("ID", "WHEN", "TYPE", "SUBJECT", "STATE", "ATTEMPTS", "PROBLEM"), "there is nothing", OperoneJson.Default.WebhookDeliveryView, one =>
            [
                one.Id.ToString(), Quantities.FormatRelative(one.CreatedAt, cli.Time.GetUtcNow()), one.Type, one.Subject ?? "", one.Status.ToString().ToLowerInvariant(),
                one.Attempts.ToString(CultureInfo.InvariantCulture), one.Problem ?? "",
            ], cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateAgain(CliContext cli)
    {
        var name = Name(cli);
        var id = new Argument<Guid?>("ID") { Description = "One of those that were given up; without it all are.", Arity = ArgumentArity.ZeroOrOne };
        var command = new OperatorCommand("again", "Send again what was given up: one, or all.",
            """
            Example:
              operone webhooks again chat
            """) { name, id };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var path = Path(parsed.GetValue(name)!) + "/deliveries/";
            if (parsed.GetValue(id) is { } one)
            {
                var sent = await api.PostAsync($"{path}{one}/again", cancellationToken);
                return sent.Error is { } wrong ? cli.Fail(wrong) : 0;
            }

            var all = await api.PostAsync(path + "again", OperoneJson.Default.WebhookResent, cancellationToken);
            if (all.Error is { } error)
            {
                return cli.Fail(error);
            }

            cli.Say($"{all.Value.Count} are sent again");
            return 0;
        }));
        return command;
    }

    private static OperatorCommand CreateRemove(CliContext cli) => Shared.Remove(
        cli, "remove", "Remove a webhook, with what waits to be sent there.",
        """
        Example:
          operone webhooks remove chat
        """, Name(cli), Path);

    private static async Task<int> ListAsync(CliContext cli, OperoneApi api, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return await Listing.PrintAsync(
            cli, api, "webhooks", null, json, new Table("NAME", "TO", "EVENTS", "DEVICES", "STATE", "WAITING", "GIVEN UP", "CHANGED"),
            "there are no webhooks; 'operone webhooks add NAME ADDRESS' makes one", OperoneJson.Default.WebhookView, one =>
            [
                one.Name, Host(one.Url), one.Types.Count == 0 ? new Cell("all", Tone.Off) : string.Join(',', one.Types), one.Selector, one.IsEnabled ? "on" : new Cell("off", Tone.Off),
                one.Pending.ToString(CultureInfo.InvariantCulture), one.Dead.ToString(CultureInfo.InvariantCulture), Quantities.FormatRelative(one.UpdatedAt, now),
            ], cancellationToken);
    }

    // A chat's path is a secret of its own.
    private static string Host(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme != Uri.UriSchemeMailto ? $"{uri.Scheme}://{uri.Authority}" : url;
}
