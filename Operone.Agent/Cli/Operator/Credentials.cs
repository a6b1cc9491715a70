using System.Text.Json;
using System.Text.Json.Serialization;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary>Which server, and the API token for it.</summary>
/// <param name="Url">The server's address, without a slash at the end.</param>
/// <param name="Token">An API token.</param>
internal sealed record Credentials(string Url, string Token)
{
    /// <summary>Whether the token is of a session that was begun through a browser, and ends when one logs out.</summary>
    public bool IsSession { get; init; }

    /// <summary>Reads a server's address as people write it.</summary>
    public static Result<string> ParseUrl(string? text, string source)
    {
        var trimmed = (text ?? "").Trim().TrimEnd('/');
        return Uri.TryCreate(trimmed, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            && uri.Host.Length > 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0
            ? trimmed
            : new Error(ErrorKind.Invalid, "malformed-url", $"{source} is not the address of a server.",
                $"'{trimmed}' should look like https://operone.example.com or http://localhost:5080.");
    }

    /// <inheritdoc/>
    public override string ToString() => Url;
}

/// <summary>
/// Where credentials are: the environment first, then the file that <c>operone login</c> writes
/// (<c>$XDG_CONFIG_HOME/operone/credentials.json</c>, readable by its owner alone).
/// </summary>
internal sealed class CredentialStore(CliContext cli)
{
    public const string UrlVariable = "OPERONE_URL";
    public const string TokenVariable = "OPERONE_TOKEN";

    /// <summary>The file.</summary>
    public string FilePath { get; } = System.IO.Path.Combine(ConfigurationFolder(cli), "operone", "credentials.json");

    /// <summary>The credentials to use, or what to do to get some.</summary>
    public Result<Credentials> Find()
    {
        var token = NullIfBlank(cli.Variable(TokenVariable));
        string? url = null;
        if (NullIfBlank(cli.Variable(UrlVariable)) is { } given)
        {
            var parsed = Credentials.ParseUrl(given, UrlVariable);
            if (parsed.Error is { } malformed)
            {
                return malformed;
            }

            url = parsed.Value;
            if (token is not null)
            {
                return new Credentials(url, token);
            }
        }

        var saved = Read();
        if (saved.Error is { } unreadable)
        {
            return unreadable;
        }

        if (saved.Value is not { } file)
        {
            return url is null
                ? Missing("No server is known.", $"Run 'operone login --server URL', or set {UrlVariable} and {TokenVariable}.")
                : Missing($"There is no token for {url}.", $"Run 'operone login --server {url}', or set {TokenVariable}.");
        }

        // a token goes to the server that it was made for and to no other
        return url is not null && url != file.Url
            ? Missing($"There is no token for {url}, which {UrlVariable} names.", $"The saved one is for {file.Url}. Set {TokenVariable} as well, or run 'operone login --server {url}'.")
            : file with { Token = token ?? file.Token, IsSession = token is null && file.IsSession };
    }

    /// <summary>Saves them in place of others.</summary>
    public Result<Unit> Save(Credentials credentials)
    {
        try
        {
            var folder = System.IO.Path.GetDirectoryName(FilePath)!;
            var fresh = FilePath + ".new";
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            // a leftover would keep its own mode
            File.Delete(fresh);
            using (var stream = new FileStream(fresh, options))
            {
                JsonSerializer.Serialize(stream, credentials, CredentialsJson.Default.Credentials);
            }

            File.Move(fresh, FilePath, overwrite: true);
            return Unit.Value;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FileError("could not be written", e);
        }
    }

    /// <summary>Forgets them. Gives whose they were, or null where there were none.</summary>
    public Result<string?> Delete()
    {
        var saved = Read();
        try
        {
            if (!File.Exists(FilePath))
            {
                return (string?)null;
            }

            File.Delete(FilePath);
            return saved.Error is null ? saved.Value?.Url : FilePath;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FileError("could not be deleted", e);
        }
    }

    /// <summary>What is saved; null where nothing is.</summary>
    public Result<Credentials?> Read()
    {
        try
        {
            using var stream = File.OpenRead(FilePath);
            var read = JsonSerializer.Deserialize(stream, CredentialsJson.Default.Credentials);
            return read is { Url.Length: > 0, Token.Length: > 0 } ? read : Damaged();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return (Credentials?)null;
        }
        catch (JsonException)
        {
            return Damaged();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FileError("could not be read", e);
        }
    }

    private Error Damaged() =>
        new(ErrorKind.Invalid, "damaged-credentials", $"{FilePath} cannot be read.", "It is not what 'operone login' writes. Run 'operone login --server URL' again.");

    private Error FileError(string what, Exception e) =>
        new(ErrorKind.Unavailable, "credentials-file", $"{FilePath} {what}.", e is UnauthorizedAccessException ? "Permission is denied." : e.Message);

    private static Error Missing(string title, string detail) => new(ErrorKind.Unauthenticated, "not-logged-in", title, detail);

    private static string? NullIfBlank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    // the XDG Base Directory Specification: a relative path counts as unset
    private static string ConfigurationFolder(CliContext cli)
    {
        if (cli.Variable("XDG_CONFIG_HOME") is { Length: > 0 } xdg && System.IO.Path.IsPathRooted(xdg))
        {
            return xdg;
        }

        return OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData)
            : System.IO.Path.Combine(cli.Variable("HOME") is { Length: > 0 } home ? home : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
    }
}

/// <summary>The file's JSON.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(Credentials))]
internal sealed partial class CredentialsJson : JsonSerializerContext
{
}
