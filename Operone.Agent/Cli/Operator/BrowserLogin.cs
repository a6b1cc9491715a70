using System.Globalization;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary>Signs this command line in through a browser: the device flow of RFC 8628, as its client.</summary>
internal static class BrowserLogin
{
    private const int InterruptedExitCode = 130;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    /// <summary>Shows the address and the code, waits for the decision, and saves the token.</summary>
    public static async Task<int> RunAsync(CliContext cli, string url, CancellationToken cancellationToken)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = cli.OnInterrupt(leave.Cancel);
        using var api = new OperoneApi(new Credentials(url, ""));
        try
        {
            var begun = await BeginAsync(api, leave.Token);
            if (begun.Error is { } error)
            {
                return cli.Fail(error);
            }

            Show(cli, begun.Value);
            var token = await WaitAsync(cli, api, begun.Value, leave.Token);
            return token.Error is { } refused ? cli.Fail(refused) : await SaveAsync(cli, url, token.Value, leave.Token);
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested)
        {
            cli.Say("given up; nothing was saved");
            return InterruptedExitCode;
        }
    }

    private static async Task<Result<DeviceAuthorization>> BeginAsync(OperoneApi api, CancellationToken cancellationToken)
    {
        var version = OperoneApi.Version.Split('+')[0];
        var begun = await api.PostFormAsync(DeviceFlow.AuthorizationPath, new Dictionary<string, string>
        {
            ["client_id"] = DeviceFlow.ClientId,
            ["client_name"] = $"operone {version}, {Environment.UserName} on {Environment.MachineName}",
        }, cancellationToken);
        return begun.Error switch
        {
            null => api.Read(begun.Value, OperoneJson.Default.DeviceAuthorization),
            { Kind: ErrorKind.NotFound } => new Error(ErrorKind.NotFound, "no-device-flow", $"{api.Url} does not sign in through a browser.",
                "Check that this is the address of an Operone server. An older server takes an API token: 'operone login --token'."),
            var error => error,
        };
    }

    private static void Show(CliContext cli, DeviceAuthorization begun)
    {
        cli.ErrorText.WriteLine($"""

            Open this address in a browser, on any machine:

                {CliContext.Plain(begun.VerificationUriComplete)}

            and approve only where it shows this code:  {CliContext.Plain(begun.UserCode)}

            (Or type the code at {CliContext.Plain(begun.VerificationUri)})

            Waiting for the approval, for {Quantities.FormatDuration(TimeSpan.FromSeconds(begun.ExpiresIn))} at the most. Ctrl+C gives up.
            """.ReplaceLineEndings("\n"));
        cli.ErrorText.Flush();
    }

    private static async Task<Result<OAuthToken>> WaitAsync(CliContext cli, OperoneApi api, DeviceAuthorization begun, CancellationToken cancellationToken)
    {
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = DeviceFlow.GrantType,
            ["device_code"] = begun.DeviceCode,
            ["client_id"] = DeviceFlow.ClientId,
        };
        var end = cli.Time.GetUtcNow().AddSeconds(begun.ExpiresIn);
        for (var pause = TimeSpan.FromSeconds(Math.Clamp(begun.Interval, 1, 60)); ;)
        {
            await Task.Delay(pause, cli.Time, cancellationToken);
            var polled = await api.PostFormAsync(DeviceFlow.TokenPath, form, cancellationToken);
            if (polled.Error is not { } error)
            {
                return api.Read(polled.Value, OperoneJson.Default.OAuthToken);
            }

            switch (error.Code)
            {
                case DeviceFlow.AuthorizationPending:
                    break;
                case DeviceFlow.SlowDown:
                    pause += TimeSpan.FromSeconds(5);
                    break;
                case DeviceFlow.AccessDenied:
                    return new Error(ErrorKind.Forbidden, error.Code, "The login was refused.", "Nothing was saved.");
                case DeviceFlow.ExpiredToken or DeviceFlow.InvalidGrant:
                    return Late;
                default:
                    // RFC 8628, section 3.5: a server that is away is asked less and less often.
                    if (error.Kind != ErrorKind.Unavailable)
                    {
                        return error;
                    }

                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    break;
            }

            if (cli.Time.GetUtcNow() >= end)
            {
                return error.Kind == ErrorKind.Unavailable ? error : Late;
            }
        }
    }

    private static Error Late { get; } = new(
        ErrorKind.Unprocessable, DeviceFlow.ExpiredToken, "Nobody approved it in time.", "Nothing was saved. Run 'operone login' again.");

    private static async Task<int> SaveAsync(CliContext cli, string url, OAuthToken token, CancellationToken cancellationToken)
    {
        var credentials = new Credentials(url, token.AccessToken) { IsSession = true };
        var store = new CredentialStore(cli);
        var before = store.Read();
        if (store.Save(credentials).Error is { } unsaved)
        {
            // Nobody has it: it is given back, so that it does not lie about in the list of sessions.
            await LogoutCommand.RevokeAsync(credentials, cancellationToken);
            return cli.Fail(unsaved);
        }

        if (before.Error is null && before.Value is { IsSession: true } old)
        {
            await LogoutCommand.RevokeAsync(old, cancellationToken);
        }

        using var api = new OperoneApi(credentials);
        var me = await api.GetAsync("me", OperoneJson.Default.MeView, cancellationToken);
        var until = cli.Time.GetUtcNow().AddSeconds(token.ExpiresIn).UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        cli.Say($"signed in to {url}{(me.Error is null ? $" as {me.Value.Email}" : "")}, until {until}; saved in {store.FilePath}");
        LoginCommand.NoteVariables(cli);
        return 0;
    }
}
