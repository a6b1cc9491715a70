using System.CommandLine;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone mounts add</c>: makes a mount, or says anew what one is.</summary>
internal static class MountAddCommand
{
    private const int MaxKeyBytes = MountLimits.MaxSecret;

    public static Command Create(CliContext cli)
    {
        var name = MountsCommand.Name(cli);
        var address = new Argument<string>("ADDRESS") { Description = "/srv/data on the server, sftp://host:22/srv/data, or https://host/dav." };
        var user = new Option<string?>("--user", "-u") { Description = "As whom it signs in.", HelpName = "NAME" };
        var hostKey = new Option<string?>("--host-key") { Description = "The fingerprint of an SFTP server's key, as ssh-keygen -l prints it. Without it nothing but the test is done.", HelpName = "SHA256:..." };
        var key = new Option<FileInfo?>("--key") { Description = "Sign in with the private key in this file (SFTP).", HelpName = "FILE" };
        var passphrase = new Option<bool>("--passphrase") { Description = "The key has a passphrase: it is asked for, or read from standard input." };
        var password = new Option<bool>("--password") { Description = "Sign in with a password: it is asked for, or read from standard input." };
        var token = new Option<bool>("--token") { Description = "Sign in with a bearer token (WebDAV): it is asked for, or read from standard input." };
        var labels = new Option<string[]>("--label") { Description = "A label, by which grants select it. Give it again for more.", HelpName = "K=V" };
        var writable = new Option<bool>("--writable", "-w") { Description = "Files in it may be changed by those who may write files." };
        var hidden = new Option<string[]>("--hide") { Description = "A pattern of what in it is not to be seen, as in .gitignore. Give it again for more.", HelpName = "PATTERN" };
        var command = new OperatorCommand("add", "Make a mount, or say anew what one is, and try it.",
            """
            A folder of the server comes to be at /server/NAME in the tree, another server at /mounts/NAME. What a mount that is there
            signs in with stays, where it still goes to the same server as the same user; all else is as it is said here.
            A secret is never an argument, which others on this machine could see.
            Exit code: 0 it is made and works, 1 it is made and does not work yet, 2 it is not made.

            Example:
              operone mounts add data /srv/data --writable --label team=web
              operone mounts add backup sftp://backup.example/srv -u operone --key ~/.ssh/backup --host-key SHA256:...
              operone mounts add cloud https://cloud.example/dav -u me --password < password.txt
            """) { name, address, user, hostKey, key, passphrase, password, token, labels, writable, hidden };
        command.Validators.Add(Shared.Check(result =>
            new[] { result.GetValue(password), result.GetValue(token), result.GetValue(passphrase) }.Count(s => s) > 1 ? "one secret alone can be asked for: a password, a passphrase or a token" : null));
        command.SetAction((parsed, cancellationToken) =>
        {
            var given = Shared.Variables("--label", parsed.GetValue(labels));
            if (given.Error is { } error)
            {
                return Task.FromResult(cli.Fail(error));
            }

            var (isPassword, isToken, isPassphrase) = (parsed.GetValue(password), parsed.GetValue(token), parsed.GetValue(passphrase));
            string? secret = null;
            if ((isPassword || isToken || isPassphrase) && (secret = ReadSecret(cli, isPassword ? "Password" : isToken ? "Token" : "Passphrase")) is null)
            {
                return Task.FromResult(cli.Fail(new Error(ErrorKind.Invalid, "no-secret", "There is no secret.", "Type it, or pass it on standard input.")));
            }

            var (at, who) = Split(parsed.GetValue(address)!, parsed.GetValue(user));
            var read = ReadKey(parsed.GetValue(key));
            if (read.Error is { } unread)
            {
                return Task.FromResult(cli.Fail(unread));
            }

            var request = new WriteMount(
                parsed.GetValue(name), KindOf(at), at, who, parsed.GetValue(hostKey), given.Value, parsed.GetValue(writable), parsed.GetValue(hidden) ?? [],
                isPassword ? secret : null, read.Value.Length == 0 ? null : read.Value, isPassphrase ? secret : null, isToken ? secret : null);
            return Shared.WithApiAsync(cli, api => AddAsync(cli, api, request, cancellationToken));
        });
        return command;
    }

    private static async Task<int> AddAsync(CliContext cli, OperoneApi api, WriteMount request, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        MountLimits.Check(request, errors);
        if (errors.ToError() is { } invalid)
        {
            return cli.Fail(invalid);
        }

        var known = await api.GetAsync(MountsCommand.Path(request.Name!), OperoneJson.Default.MountView, cancellationToken);
        if (known.Error is { Code: not "mount-not-found" } error)
        {
            return cli.Fail(error);
        }

        var saved = known.IsError
            ? await api.PostAsync("mounts", request, OperoneJson.Default.WriteMount, OperoneJson.Default.MountView, null, cancellationToken)
            : await api.PutAsync(MountsCommand.Path(known.Value.Id.ToString()), request with { Name = known.Value.Name }, OperoneJson.Default.WriteMount, OperoneJson.Default.MountView, cancellationToken);
        if (saved.Error is { } refused)
        {
            return cli.Fail(refused);
        }

        cli.Say($"{(known.IsError ? "made" : "changed")} {saved.Value.Path}");
        return await MountsCommand.TestAsync(cli, api, saved.Value.Name, cancellationToken);
    }

    private static MountKind KindOf(string address) =>
        address.StartsWith("sftp:", StringComparison.OrdinalIgnoreCase) ? MountKind.Sftp
        : address.StartsWith("http", StringComparison.OrdinalIgnoreCase) ? MountKind.WebDav
        : MountKind.Folder;

    /// <summary>A user in front of the host, as people write it, is the user.</summary>
    private static (string Address, string? User) Split(string address, string? user) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0 && !uri.UserInfo.Contains(':', StringComparison.Ordinal) && user is null
            ? (address.Replace($"{uri.UserInfo}@", "", StringComparison.Ordinal), Uri.UnescapeDataString(uri.UserInfo)) : (address, user);

    private static Result<string> ReadKey(FileInfo? file)
    {
        if (file is null)
        {
            return "";
        }

        try
        {
            return file.Length <= MaxKeyBytes ? File.ReadAllText(file.FullName) : Error.InvalidField("--key", $"'{file.FullName}' has more than {MaxKeyBytes} bytes");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Error.InvalidField("--key", problem.Message);
        }
    }

    private static string? ReadSecret(CliContext cli, string what)
    {
        if (cli.InputIsRedirected)
        {
            using var reader = new StreamReader(cli.OpenInput());
            var buffer = new char[MaxKeyBytes + 2];
            var text = new string(buffer, 0, reader.ReadBlock(buffer)).TrimEnd('\n').TrimEnd('\r');
            return text.Length > 0 ? text : null;
        }

        cli.ErrorText.Write($"{what}: ");
        var typed = cli.ReadSecret();
        cli.ErrorText.WriteLine();
        return string.IsNullOrEmpty(typed) ? null : typed;
    }
}
