using System.CommandLine;
using System.Text;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone login</c>.</summary>
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
        var withToken = new Option<bool>("--token")
        {
            Description = "Save an API token instead: it is asked for without showing it, or read from standard input.",
        };
        var command = new OperatorCommand("login", "Sign in through a browser, and save which server to use.",
            """
            An address and a code are shown. Open the address in a browser on any machine, compare the code and
            approve; this command waits for it. It then acts as you, for as long as you chose there, and is listed
            among your sessions. 'operone logout' ends it.

            Programs use an API token instead: with --token, or where one comes on standard input or in
            OPERONE_TOKEN. It is tried on the server before it is saved. Make one in the console, under Access, or
            with 'operone tokens create'.

            Either is saved in $XDG_CONFIG_HOME/operone/credentials.json, which only you can read. OPERONE_URL and
            OPERONE_TOKEN win over what is saved.

            Example:
              operone login --server https://operone.example.com
              operone login --server http://localhost:5080 --token < token.txt
            """) { server, withToken };
        command.SetAction((parsed, cancellationToken) => LogInAsync(cli, parsed.GetValue(server), parsed.GetValue(withToken), cancellationToken));
        return command;
    }

    private static async Task<int> LogInAsync(CliContext cli, string? server, bool withToken, CancellationToken cancellationToken)
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

        var uri = new Uri(url.Value);
        if (uri.Scheme == "http" && !uri.IsLoopback)
        {
            cli.Say($"warning: {url.Value} is not encrypted; whoever can listen on the network can read the token");
        }

        return withToken || cli.InputHoldsData || !string.IsNullOrWhiteSpace(cli.Variable(CredentialStore.TokenVariable))
            ? await SaveTokenAsync(cli, url.Value, cancellationToken)
            : await BrowserLogin.RunAsync(cli, url.Value, cancellationToken);
    }

    private static async Task<int> SaveTokenAsync(CliContext cli, string url, CancellationToken cancellationToken)
    {
        var token = ReadToken(cli, url);
        if (token.Error is { } noToken)
        {
            return cli.Fail(noToken);
        }

        var credentials = new Credentials(url, token.Value);
        using var api = new OperoneApi(credentials);
        var tried = await api.GetJsonAsync("devices?limit=1", cancellationToken);

        // forbidden is a good token that may do other things
        if (tried.Error is { Kind: not ErrorKind.Forbidden } refused)
        {
            return cli.Fail(refused.Kind == ErrorKind.Unauthenticated
                ? refused with { Title = $"{url} does not know this token.", Detail = "Nothing was saved. Make a token in the console, under Access, and try again." }
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

        cli.Say($"logged in to {url}; saved in {store.FilePath}");
        NoteVariables(cli);
        return 0;
    }

    /// <summary>Says where the environment wins over what was just saved.</summary>
    public static void NoteVariables(CliContext cli)
    {
        if (cli.Variable(CredentialStore.UrlVariable) is { Length: > 0 } || cli.Variable(CredentialStore.TokenVariable) is { Length: > 0 })
        {
            cli.Say($"note: {CredentialStore.UrlVariable} and {CredentialStore.TokenVariable} win over what is saved");
        }
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
                : TokenText.LooksLikeOne(token) && !TokenText.IsWellFormed(token)
                    ? new Error(ErrorKind.Invalid, "malformed-token", "This token is not whole.", "Its checksum is not right: it was cut off or changed as it was copied. Copy all of it.")
                    : token;
    }
}
