using System.CommandLine;
using System.Text;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone environments set</c>: makes an environment, or changes what is named of one.</summary>
internal static class EnvironmentSetCommand
{
    public static Command Create(CliContext cli)
    {
        var name = EnvironmentsCommand.Name(cli);
        var variables = new Option<string[]>("--var") { Description = "A variable. Give it again for more.", HelpName = "K=V" };
        var secrets = new Option<string[]>("--secret") { Description = "A secret variable: its value is asked for without showing it, or read from standard input. Give it again for more.", HelpName = "K" };
        var unset = new Option<string[]>("--unset") { Description = "Take a variable or a secret away. Give it again for more.", HelpName = "K" };
        var selector = new Option<string?>("--selector", "-l") { Description = "Let it be used on devices with such labels alone: env=prod. '' for all.", HelpName = "SELECTOR" };
        var description = new Option<string?>("--description") { Description = "What it is for.", HelpName = "TEXT" };
        var rename = new Option<string?>("--rename") { Description = "Give it another name.", HelpName = "NAME" };
        var json = Shared.Json("Print what came of it as one JSON object. Of secrets there are the names alone.");
        var command = new OperatorCommand("set", "Make an environment, or change one.",
            """
            What is not named stays as it is. A secret's value is never an argument, which others on this machine could
            see: with one --secret, all of standard input is its value, without the line end behind it; with several,
            each takes one line, in the order in which they are named. A secret has at least 4 characters.

            Example:
              operone environments set deploy --var REGION=eu-1 --secret API_TOKEN -l env=prod
              operone environments set deploy --secret SSH_KEY < ~/.ssh/deploy
              operone environments set deploy --unset REGION
            """) { name, variables, secrets, unset, selector, description, rename, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var given = Shared.Variables("--var", parsed.GetValue(variables));
            if (given.Error is { } error)
            {
                return Task.FromResult(cli.Fail(error));
            }

            var change = new EnvironmentChange(
                parsed.GetValue(name)!, given.Value, parsed.GetValue(secrets) ?? [], parsed.GetValue(unset) ?? [], parsed.GetValue(selector),
                parsed.GetValue(description), parsed.GetValue(rename), parsed.GetValue(json));
            return Shared.WithApiAsync(cli, api => SetAsync(cli, api, change, cancellationToken));
        });
        return command;
    }

    private static async Task<int> SetAsync(CliContext cli, OperoneApi api, EnvironmentChange change, CancellationToken cancellationToken)
    {
        var known = await api.GetAsync(EnvironmentsCommand.Path(change.Name), OperoneJson.Default.EnvironmentView, cancellationToken);
        if (known.Error is { Code: not "environment-not-found" } error)
        {
            return cli.Fail(error);
        }

        var before = known.IsError ? null : known.Value;
        var stored = (before?.Secrets ?? []).Except(change.Unset).ToArray();
        if (change.Unset.FirstOrDefault(u => before?.Variables.ContainsKey(u) != true && before?.Secrets.Contains(u) != true) is { } missing)
        {
            return cli.Fail(Error.InvalidField("--unset", $"'{change.Name}' has no variable '{missing}'"));
        }

        var read = ReadSecrets(cli, change.Secrets);
        if (read.Error is { } unread)
        {
            return cli.Fail(unread);
        }

        var secrets = stored.Except(change.Variables.Keys).ToDictionary(s => s, string? (_) => null, StringComparer.Ordinal);
        var variables = (before?.Variables ?? new Dictionary<string, string>()).Where(v => !change.Unset.Contains(v.Key) && !change.Secrets.Contains(v.Key))
            .ToDictionary(v => v.Key, v => v.Value, StringComparer.Ordinal);
        foreach (var (key, value) in change.Variables)
        {
            variables[key] = value;
        }

        foreach (var (key, value) in read.Value)
        {
            secrets[key] = value;
        }

        var request = new WriteEnvironment(
            change.Rename ?? (before is null ? change.Name : null), change.Description ?? before?.Description, change.Selector ?? before?.Selector, variables, secrets);
        if (EnvironmentLimits.Check(request, before is null ? null : stored) is { } invalid)
        {
            return cli.Fail(invalid);
        }

        var saved = before is null
            ? await api.PostAsync("environments", request, OperoneJson.Default.WriteEnvironment, CliJson.Default.JsonElement, null, cancellationToken)
            : await api.PutAsync(EnvironmentsCommand.Path(before.Id.ToString()), request, OperoneJson.Default.WriteEnvironment, CliJson.Default.JsonElement, cancellationToken);
        if (saved.Error is { } refused)
        {
            return cli.Fail(refused);
        }

        if (change.Json)
        {
            CliJson.Print(cli, saved.Value);
            return 0;
        }

        cli.Say($"{(before is null ? "made" : "changed")} '{request.Name ?? before!.Name}': {variables.Count} variables, {secrets.Count} secrets");
        return 0;
    }

    private static Result<Dictionary<string, string>> ReadSecrets(CliContext cli, string[] names)
    {
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        if (names.Length == 0)
        {
            return secrets;
        }

        if (cli.InputIsRedirected)
        {
            return ReadRedirected(cli, names);
        }

        foreach (var name in names)
        {
            cli.ErrorText.Write($"Value of {CliContext.Plain(name)}: ");
            var value = cli.ReadSecret();
            cli.ErrorText.WriteLine();
            if (string.IsNullOrEmpty(value))
            {
                return Missing(name);
            }

            secrets[name] = value;
        }

        return secrets;
    }

    private static Result<Dictionary<string, string>> ReadRedirected(CliContext cli, string[] names)
    {
        // more than any secret may have: what is too long is said, not cut off
        const int Most = (EnvironmentLimits.MaxValueBytes + 1) * EnvironmentLimits.MaxSecrets;
        var buffer = new char[Most];
        string text;
        try
        {
            using var reader = new StreamReader(cli.OpenInput(), new UTF8Encoding(false, throwOnInvalidBytes: true));
            text = new string(buffer, 0, reader.ReadBlock(buffer));
        }
        catch (DecoderFallbackException)
        {
            return new Error(ErrorKind.Invalid, "secret-not-text", "The secret cannot be read.", "It is not text in UTF-8. Encode it, in base64 for example.");
        }
        finally
        {
            Array.Clear(buffer);
        }

        text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        string[] values = names.Length == 1 ? [text] : [.. text.Split('\n').Select(l => l.TrimEnd('\r'))];
        if (values.Length != names.Length)
        {
            return new Error(ErrorKind.Invalid, "secrets-do-not-fit", "The secrets cannot be read.",
                $"{names.Length} secrets are named, and standard input has {values.Length} lines. Each takes one line.");
        }

        return Array.IndexOf(values, "") is >= 0 and var at ? Missing(names[at])
            : names.Zip(values).DistinctBy(s => s.First).ToDictionary(s => s.First, s => s.Second, StringComparer.Ordinal);
    }

    private static Error Missing(string name) => new(ErrorKind.Invalid, "no-secret", $"There is no value for {name}.", "Type one, or pass one on standard input.");
}

/// <summary>What <c>operone environments set</c> was told.</summary>
/// <param name="Name">Which one.</param>
/// <param name="Variables">Variables to set.</param>
/// <param name="Secrets">The names of secrets to set.</param>
/// <param name="Unset">What to take away.</param>
/// <param name="Selector">Another selector.</param>
/// <param name="Description">Another description.</param>
/// <param name="Rename">Another name.</param>
/// <param name="Json">Print what came of it.</param>
internal sealed record EnvironmentChange(
    string Name, Dictionary<string, string> Variables, string[] Secrets, string[] Unset, string? Selector, string? Description, string? Rename, bool Json);
