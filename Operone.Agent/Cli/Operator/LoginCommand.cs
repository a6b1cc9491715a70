using System.CommandLine;
using System.Text;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone login</c> and <c>operone logout</c>.</summary>
internal static class LoginCommand
{
    // an API token has about 50 characters; more than this is a file piped in by mistake
    private const int MaxTokenLength = 4096;

    public static Command Create(CliContext cli)
    {
        var server = new Option<string?>("--server")
        {
            Description = "The server's address, for example https://operone.example.com. By default OPERONE_URL.",
            HelpName = "URL",
        };
        var command = new OperatorCommand("login", "Save which server to use, and an API token for it.",
            """
            The token is asked for without showing it. Where standard input is not a terminal it is read from there,
            and OPERONE_TOKEN comes before both. It is tried on the server before it is saved, in
            $XDG_CONFIG_HOME/operone/credentials.json, which only you can read. OPERONE_URL and OPERONE_TOKEN win
            over what is saved. Make a token in the console, under Access.

            Example:
              operone login --server https://operone.example.com
              operone login --server http://localhost:5080 < token.txt
            """) { server };
        command.SetAction((parsed, cancellationToken) => LogInAsync(cli, parsed.GetValue(server), cancellationToken));
        return command;
    }

    public static Command CreateLogout(CliContext cli)
    {
        var command = new OperatorCommand("logout", "Forget the saved server and token.",
            """
            The token itself stays good: to end it, revoke it in the console.

            Example:
              operone logout
            """);
        command.SetAction(_ => LogOut(cli));
        return command;
    }

    private static async Task<int> LogInAsync(CliContext cli, string? server, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(server))
        {
            server = cli.Variable(CredentialStore.UrlVariable);
            if (string.IsNullOrWhiteSpace(server))
            {
                return cli.Fail(new Error(ErrorKind.Invalid, "no-server", "Which server?", "Say --server URL, for example --server https://operone.example.com."));
            }
        }

        var url = Credentials.ParseUrl(server, "--server");
        if (url.Error is { } malformed)
        {
            return cli.Fail(malformed);
        }

        var token = ReadToken(cli, url.Value);
        if (token.Error is { } noToken)
        {
            return cli.Fail(noToken);
        }

        var credentials = new Credentials(url.Value, token.Value);
        var uri = new Uri(url.Value);
        if (uri.Scheme == "http" && !uri.IsLoopback)
        {
            cli.Say($"warning: {url.Value} is not encrypted; whoever can listen on the network can read the token");
        }

        using var api = new OperoneApi(credentials);
        var tried = await api.GetJsonAsync("devices?limit=1", cancellationToken);

        // forbidden is a good token that may do other things
        if (tried.Error is { Kind: not ErrorKind.Forbidden } refused)
        {
            return cli.Fail(refused.Kind == ErrorKind.Unauthenticated
                ? refused with { Title = $"{url.Value} does not know this token.", Detail = "Nothing was saved. Make a token in the console, under Access, and try again." }
                : refused);
        }

        if (tried.Error is null && !tried.Value.TryGetProperty("items", out _))
        {
            return cli.Fail(api.NotOperone());
        }

        var store = new CredentialStore(cli);
        if (store.Save(credentials).Error is { } unsaved)
        {
            return cli.Fail(unsaved);
        }

        cli.Say($"logged in to {url.Value}; saved in {store.FilePath}");
        if (cli.Variable(CredentialStore.UrlVariable) is { Length: > 0 } || cli.Variable(CredentialStore.TokenVariable) is { Length: > 0 })
        {
            cli.Say($"note: {CredentialStore.UrlVariable} and {CredentialStore.TokenVariable} win over what is saved");
        }

        return 0;
    }

    private static Result<string> ReadToken(CliContext cli, string url)
    {
        string? token = cli.Variable(CredentialStore.TokenVariable);
        if (string.IsNullOrWhiteSpace(token))
        {
            if (cli.InputIsRedirected)
            {
                using var reader = new StreamReader(cli.OpenInput(), Encoding.UTF8);
                var buffer = new char[MaxTokenLength + 1];
                token = new string(buffer, 0, reader.ReadBlock(buffer));
            }
            else
            {
                cli.ErrorText.Write($"API token for {url}: ");
                token = cli.ReadSecret();
                cli.ErrorText.WriteLine();
            }
        }

        token = token?.Trim() ?? "";
        return token.Length == 0
            ? new Error(ErrorKind.Invalid, "no-token", "There is no token.", "Type one, pass one on standard input, or set OPERONE_TOKEN. The console makes them, under Access.")
            : token.Length > MaxTokenLength || token.Any(c => c is <= ' ' or > '~')
                ? new Error(ErrorKind.Invalid, "malformed-token", "This is not a token.", "A token is one word of letters, digits, '_' and '-'.")
                : token;
    }

    private static int LogOut(CliContext cli)
    {
        var store = new CredentialStore(cli);
        var deleted = store.Delete();
        if (deleted.Error is { } error)
        {
            return cli.Fail(error);
        }

        cli.Say(deleted.Value is { } url ? $"logged out of {url}" : "nobody was logged in");
        if (cli.Variable(CredentialStore.TokenVariable) is { Length: > 0 })
        {
            cli.Say($"note: {CredentialStore.TokenVariable} is still set and still used");
        }

        return 0;
    }
}
