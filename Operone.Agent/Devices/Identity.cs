using System.Security.Cryptography;
using System.Text.Json;
using Operone.Agent.Connection;
using Operone.Core.Errors;

namespace Operone.Agent.Devices;

/// <summary>Who a device is, as its agent keeps it. The private key is in a file of its own.</summary>
/// <param name="Server">The server's address, without a slash at its end.</param>
/// <param name="DeviceId">The device's id.</param>
/// <param name="Name">The name that it got when it enrolled; the server may have given it another one since.</param>
/// <param name="Audience">The audience of its tokens.</param>
/// <param name="Pin">The only key that the server may show in TLS, see <see cref="ServerTrust"/>; null for the system's trust.</param>
internal sealed record Identity(Uri Server, Guid DeviceId, string Name, string Audience, string? Pin);

/// <summary>Reads and writes identity and key. Both files can be read by their owner alone.</summary>
internal sealed class IdentityStore(StateDirectory state)
{
    /// <summary>Whether there is an identity.</summary>
    public bool Exists => File.Exists(state.Identity);

    /// <summary>Reads the identity.</summary>
    public Result<Identity> Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(state.Identity), AgentJson.Default.Identity) is { } identity
                ? identity
                : Broken("it is empty");
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return new Error(
                ErrorKind.NotFound, "not-enrolled", "This machine is not enrolled.",
                $"There is no identity in '{state.Path}'. Enrol with 'operone agent enroll --server URL --token TOKEN', or name the folder with --state-dir.");
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            return Broken(problem.Message);
        }
    }

    /// <summary>Reads the key. The caller disposes of it.</summary>
    public Result<ECDsa> ReadKey()
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(state.Key));
            return key;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            key.Dispose();
            return Broken($"its key '{state.Key}': {problem.Message}");
        }
    }

    /// <summary>Writes both; the identity last, so that it is there only when all is.</summary>
    public Result<Unit> Write(Identity identity, ECDsa key)
    {
        try
        {
            OwnFile.Write(state.Key, System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
            OwnFile.Write(state.Identity, JsonSerializer.SerializeToUtf8Bytes(identity, AgentJson.Default.Identity));
            return Unit.Value;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return new Error(ErrorKind.Unavailable, "identity-not-stored", "The identity could not be stored.", problem.Message);
        }
    }

    /// <summary>Deletes both; the identity first.</summary>
    public void Delete()
    {
        File.Delete(state.Identity);
        File.Delete(state.Key);
    }

    private Error Broken(string why) => new(
        ErrorKind.Unprocessable, "identity-broken", "The identity cannot be read.",
        $"'{state.Identity}': {why}. Restore it, or run 'operone agent leave --force' and enrol again.");
}

/// <summary>Files that their owner alone can read, written whole.</summary>
internal static class OwnFile
{
    /// <summary>Writes a temporary file and renames it.</summary>
    public static void Write(string path, ReadOnlySpan<byte> data)
    {
        var temporary = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(temporary); // an old one might have other rights
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(temporary, options))
        {
            file.Write(data);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
