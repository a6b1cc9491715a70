using System.CommandLine;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone logout</c>.</summary>
internal static class LogoutCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Command Create(CliContext cli)
    {
        var revoke = new Option<bool>("--revoke") { Description = "Revoke the saved token at the server, also one that was made for programs." };
        var command = new OperatorCommand("logout", "End the session at the server, and forget the server and token.",
            """
            What was signed in through a browser is ended at the server. An API token that was saved with
            'operone login --token' stays good, because others may use it too: --revoke ends it as well.
            Without a connection it is forgotten here all the same.

            Example:
              operone logout
            """) { revoke };
        command.SetAction((parsed, cancellationToken) => LogOutAsync(cli, parsed.GetValue(revoke), cancellationToken));
        return command;
    }

    /// <summary>Gives a token back to its server (RFC 7009).</summary>
    public static async Task<Error?> RevokeAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        using var api = new OperoneApi(credentials with { Token = "" });
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(Patience);
        try
        {
            return (await api.PostFormAsync(DeviceFlow.RevocationPath, new Dictionary<string, string> { ["token"] = credentials.Token }, late.Token)).Error;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Error(ErrorKind.Unavailable, "server-silent", $"{credentials.Url} did not answer in time.", "");
        }
    }

    private static async Task<int> LogOutAsync(CliContext cli, bool revoke, CancellationToken cancellationToken)
    {
        var store = new CredentialStore(cli);
        var saved = store.Read();
        var mustRevoke = saved.Error is null && saved.Value is not null && (revoke || saved.Value.IsSession);
        if (mustRevoke && await RevokeAsync(saved.Value!, cancellationToken) is { } problem)
        {
            cli.Say($"warning: the token could not be revoked at the server and is still good there: {problem.Title} {problem.Detail} "
                + "End its session in the console, under Account, or revoke it under Access.");
        }

        var deleted = store.Delete();
        if (deleted.Error is { } error)
        {
            return cli.Fail(error);
        }

        cli.Say(deleted.Value is { } url
            ? $"logged out of {url}{(mustRevoke ? "" : "; the token itself stays good: 'operone tokens revoke' ends one")}"
            : "nobody was logged in");
        if (cli.Variable(CredentialStore.TokenVariable) is { Length: > 0 })
        {
            cli.Say($"note: {CredentialStore.TokenVariable} is still set and still used");
        }

        return 0;
    }
}
