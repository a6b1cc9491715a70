using System.CommandLine;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Events;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone webhooks add</c>: makes a webhook, or says anew what one is.</summary>
internal static class WebhookAddCommand
{
    public static Command Create(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "Its name." };
        var address = new Argument<string>("ADDRESS") { Description = "https://example.org/hook, or mailto:ops@example.org." };
        var types = new Option<string[]>("--type", "-t") { Description = "A type of events, as device.connected or run.*. Give it again for more; without it all.", HelpName = "TYPE" };
        var selector = new Option<string?>("--selector", "-l") { Description = "Events of devices with these labels alone.", HelpName = "SELECTOR" };
        var template = new Option<FileInfo?>("--template") { Description = "The body, as JSON with placeholders, is in this file.", HelpName = "FILE" };
        var chat = new Option<string?>("--chat") { Description = "The body for a chat: slack, discord, mattermost or teams.", HelpName = "CHAT" };
        chat.AcceptOnlyFromAmong([.. WebhookTemplate.Presets.Keys]);
        var off = new Option<bool>("--off") { Description = "Send nothing there yet." };
        var command = new OperatorCommand("add", "Make a webhook, or say anew what one is.",
            """
            The secret by which a new one's requests are signed is printed, this once.

            Example:
              operone webhooks add chat https://hooks.slack.com/services/... --chat slack -t 'run.*' -t device.disconnected
              operone webhooks add tickets https://tickets.example/hook -l env=prod > secret
            """) { name, address, types, selector, template, chat, off };
        command.Validators.Add(Shared.Check(result => result.GetValue(template) is not null && result.GetValue(chat) is not null ? "--template and --chat cannot be combined" : null));
        command.SetAction((parsed, cancellationToken) =>
        {
            var body = ReadTemplate(parsed.GetValue(template));
            if (body.Error is { } unread)
            {
                return Task.FromResult(cli.Fail(unread));
            }

            var request = new WriteWebhook(
                parsed.GetValue(name), parsed.GetValue(address), parsed.GetValue(types) ?? [], parsed.GetValue(selector),
                parsed.GetValue(chat) is { } preset ? WebhookTemplate.Presets[preset] : body.Value.Length == 0 ? null : body.Value, !parsed.GetValue(off));
            return Shared.WithApiAsync(cli, api => AddAsync(cli, api, request, cancellationToken));
        });
        return command;
    }

    private static async Task<int> AddAsync(CliContext cli, OperoneApi api, WriteWebhook request, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        WebhookLimits.Check(request, errors);
        if (errors.ToError() is { } invalid)
        {
            return cli.Fail(invalid);
        }

        var known = await api.GetAsync(WebhooksCommand.Path(request.Name!), OperoneJson.Default.WebhookView, cancellationToken);
        if (known.Error is { Code: not "webhook-not-found" } error)
        {
            return cli.Fail(error);
        }

        if (!known.IsError)
        {
            var saved = await api.PutAsync(
                WebhooksCommand.Path(known.Value.Id.ToString()), request with { Name = known.Value.Name }, OperoneJson.Default.WriteWebhook, OperoneJson.Default.WebhookView, cancellationToken);
            if (saved.Error is { } refused)
            {
                return cli.Fail(refused);
            }

            cli.Say($"changed '{saved.Value.Name}'; its secret stays");
            return 0;
        }

        var made = await api.PostAsync("webhooks", request, OperoneJson.Default.WriteWebhook, OperoneJson.Default.WebhookSecretView, null, cancellationToken);
        if (made.Error is { } failed)
        {
            return cli.Fail(failed);
        }

        cli.Say($"made '{made.Value.Webhook.Name}'; its secret, which is shown this once:");
        cli.OutputText.WriteLine(made.Value.Secret);
        return 0;
    }

    private static Result<string> ReadTemplate(FileInfo? file)
    {
        if (file is null)
        {
            return "";
        }

        try
        {
            return file.Length <= 4 * WebhookTemplate.MaxLength ? File.ReadAllText(file.FullName) : Error.InvalidField("--template", $"'{file.FullName}' is too long");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Error.InvalidField("--template", problem.Message);
        }
    }
}
