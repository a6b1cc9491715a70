using System.CommandLine;
using System.Globalization;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone tokens</c>: lists, makes and revokes API tokens.</summary>
internal static class TokensCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("tokens", "List, make and revoke API tokens.") { CreateList(cli), CreateCreate(cli), CreateRevoke(cli) };
        command.Aliases.Add("token");
        return command;
    }

    private static OperatorCommand CreateList(CliContext cli)
    {
        var all = new Option<bool>("--all") { Description = "Everybody's, not only your own. Needs tokens.manage." };
        var text = new Option<string?>("--query", "-q") { Description = "Only tokens whose name or owner contains this text.", HelpName = "TEXT" };
        var json = Shared.Json("Print the tokens as one JSON array. Their secrets are not in it.");
        var command = new OperatorCommand("list", "List API tokens, without their secrets.",
            """
            Example:
              operone tokens list
              operone tokens list --all -q backup
            """) { all, text, json };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => ListAsync(
            cli, api, parsed.GetValue(all), parsed.GetValue(text), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateCreate(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "What it is for." };
        var permissions = new Option<string[]>("--permission", "-p") { Description = "What it may do. Give it again, or names joined by commas, for more.", HelpName = "NAME" };
        permissions.CompletionSources.Add([.. Permissions.All]);
        var selector = new Option<string?>("--selector", "-l") { Description = "Only on devices with such labels: env=prod,role in (web,db)", HelpName = "SELECTOR" };
        var expires = Shared.Parsed("--expires", "TIME", "How long it is good for: 12h, 30d. By default for ever, where the server allows that.", Quantities.ParseDuration);
        var service = new Option<bool>("--service") { Description = "A token for a program: it has roles instead of permissions. Needs tokens.manage." };
        var role = new Option<string?>("--role") { Description = "The role that a service token gets, on the devices of --selector.", HelpName = "ROLE" };
        role.CompletionSources.Add(context => ServerCompletions.Names(cli, "roles", context));
        var json = Shared.Json("Print the token as one JSON object, with its secret.");
        var command = new OperatorCommand("create", "Make an API token, and print it this once.",
            """
            The token alone goes to standard output, so that it can be piped; it is never shown again. No token may more
            than its maker, now or later.

            Example:
              operone tokens create backup -p devices.read,runs.create -l role=db --expires 90d
              operone tokens create deploy --service --role Operator -l env=prod --expires 30d > token.txt
            """) { name, permissions, selector, expires, service, role, json };
        command.Validators.Add(Shared.Check(result =>
            result.GetValue(service) ? result.GetValue(permissions) is { Length: > 0 } ? "--permission goes with a personal token; a service token has a --role" : null
            : result.GetValue(role) is not null ? "--role goes with --service"
            : result.GetValue(permissions) is not { Length: > 0 } ? $"--permission is missing; there are {string.Join(", ", Permissions.All)}" : null));
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => CreateAsync(cli, api, new CreateApiToken(
            parsed.GetValue(name),
            parsed.GetValue(service) ? null : Shared.SplitNames(parsed.GetValue(permissions)),
            parsed.GetValue(expires) is { } lifetime ? (long)lifetime.TotalSeconds : null,
            parsed.GetValue(service) ? TokenKind.Service : TokenKind.Personal,
            parsed.GetValue(selector),
            parsed.GetValue(role)), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static OperatorCommand CreateRevoke(CliContext cli)
    {
        var token = new Argument<string>("TOKEN") { Description = "The token's id or name, as 'operone tokens list' shows it." };
        token.CompletionSources.Add(context => ServerCompletions.Names(cli, "tokens", context));
        var command = new OperatorCommand("revoke", "Revoke an API token at once.",
            """
            Whatever uses it can do nothing any more from this moment on, and what it has open is cut.

            Example:
              operone tokens revoke backup
            """) { token };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => RevokeAsync(cli, api, parsed.GetValue(token)!, cancellationToken)));
        return command;
    }

    private static async Task<int> ListAsync(CliContext cli, OperoneApi api, bool all, string? text, bool json, CancellationToken cancellationToken)
    {
        var now = cli.Time.GetUtcNow();
        return await Listing.PrintAsync(
            cli, api, "tokens" + Shared.Query(("all", all ? "true" : null), ("q", text)), null, json, new Table("ID", "NAME", "OWNER", "MAY", "ENDS", "USED", "FROM") { Elastic = 3 },
            text is null ? "there are no API tokens; 'operone tokens create' makes one" : "no API token matches", OperoneJson.Default.ApiTokenView, t => Row(t, now), cancellationToken);
    }

    private static Cell[] Row(ApiTokenView token, DateTimeOffset now) =>
    [
        token.Id.ToString(),
        token.Name,
        token.Owner,
        DescribeScope(token),
        token.ExpiresAt is not { } end ? "never" : end <= now ? new Cell("expired", Tone.Bad) : end.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        token.LastUsedAt is { } used ? Quantities.FormatRelative(used, now) : "never",
        token.LastUsedAddress,
    ];

    private static string DescribeScope(ApiTokenView token) => token.Kind == TokenKind.Service
        ? token.Roles.Count == 0 ? "nothing yet" : string.Join("; ", token.Roles.Select(r =>
            $"{(r.Effect == GrantEffect.Deny ? "not " : "")}{r.Role}{(r.Selector.Length > 0 ? $" on {r.Selector}" : "")}"))
        : (token.Permissions.Count == Permissions.All.Count ? "all that its owner may" : string.Join(',', token.Permissions))
            + (token.Selector.Length > 0 ? $" on {token.Selector}" : "");

    private static async Task<int> CreateAsync(CliContext cli, OperoneApi api, CreateApiToken request, bool json, CancellationToken cancellationToken)
    {
        var made = await api.PostAsync("tokens", request, OperoneJson.Default.CreateApiToken, CliJson.Default.JsonElement, null, cancellationToken);
        if (made.Error is { } error)
        {
            return cli.Fail(error);
        }

        var token = api.Read(made.Value, OperoneJson.Default.ApiTokenView);
        if (token.Error is { } unreadable)
        {
            return cli.Fail(unreadable);
        }

        if (json)
        {
            CliJson.Print(cli, made.Value);
            return 0;
        }

        cli.OutputText.WriteLine(token.Value.Token);
        cli.OutputText.Flush();
        cli.Say($"made the token '{token.Value.Name}' ({token.Value.Id}); it is shown this once"
            + (token.Value.ExpiresAt is { } end ? $", and is good until {end.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC" : ""));
        if (token.Value is { Kind: TokenKind.Service, Roles.Count: 0 })
        {
            cli.Say("note: it may nothing yet; give it a role in the console, under Grants");
        }

        return 0;
    }

    private static async Task<int> RevokeAsync(CliContext cli, OperoneApi api, string text, CancellationToken cancellationToken)
    {
        var found = await FindAsync(api, text, cancellationToken);
        if (found.Error is { } error)
        {
            return cli.Fail(error);
        }

        var revoked = await api.DeleteAsync($"tokens/{found.Value.Id}", cancellationToken);
        if (revoked.Error is { } refused)
        {
            return cli.Fail(refused);
        }

        cli.Say($"revoked '{found.Value.Name}'");
        return 0;
    }

    private static async Task<Result<(Guid Id, string Name)>> FindAsync(OperoneApi api, string text, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(text, out var id))
        {
            var one = await api.GetAsync($"tokens/{id}", OperoneJson.Default.ApiTokenView, cancellationToken);
            return one.Error is { } error ? error : (one.Value.Id, one.Value.Name);
        }

        var named = new List<Guid>();
        await foreach (var item in api.ListAsync("tokens" + Shared.Query(("q", text)), 200, cancellationToken))
        {
            if (item.Error is { } error)
            {
                return error;
            }

            var token = api.Read(item.Value, OperoneJson.Default.ApiTokenView);
            if (token.Error is { } unreadable)
            {
                return unreadable;
            }

            if (token.Value.Name == text)
            {
                named.Add(token.Value.Id);
            }
        }

        return named.Count switch
        {
            1 => (named[0], text),
            0 => new Error(ErrorKind.NotFound, "token-not-found", $"None of your API tokens has the name '{text}'.", "'operone tokens list' shows them. Somebody else's is revoked by its id."),
            _ => new Error(ErrorKind.Conflict, "token-ambiguous", $"{named.Count} API tokens have the name '{text}'.", $"Say which by its id: {string.Join(", ", named)}"),
        };
    }
}
