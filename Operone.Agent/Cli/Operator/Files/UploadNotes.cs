using System.Security.Cryptography;
using System.Text;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>
/// Which uploads this program has begun and not ended, so that it goes on with them when it is started again. The key has what is sent, and
/// where: another file is never taken for it.
/// </summary>
internal static class UploadNotes
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(7);

    /// <summary>What an upload is known by.</summary>
    public static string KeyOf(string server, string address, long size, byte[] sha256, CopyHow how) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            $"{server}\n{address}\n{size}\n{Convert.ToHexStringLower(sha256)}\n{how.Overwrite}\n{RemoteFiles.Time(how.ModifiedAt)}")));

    /// <summary>Its id; null where there is none.</summary>
    public static string? Find(string key)
    {
        try
        {
            return File.Exists(FileOf(key)) && Guid.TryParse(File.ReadAllText(FileOf(key)), out var id) ? id.ToString() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>It was begun.</summary>
    public static void Note(string key, string id) => Quietly(() =>
    {
        var folder = Directory.CreateDirectory(Folder);
        foreach (var old in folder.EnumerateFiles().Where(f => f.LastWriteTimeUtc < DateTime.UtcNow - Life))
        {
            old.Delete();
        }

        File.WriteAllText(FileOf(key), id);
    });

    /// <summary>It is done.</summary>
    public static void Forget(string key) => Quietly(() => File.Delete(FileOf(key)));

    // the XDG Base Directory Specification: a relative path counts as unset
    private static string Folder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state) ? state
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state"),
        "operone", "uploads");

    private static string FileOf(string key) => Path.Combine(Folder, key);

    private static void Quietly(Action act)
    {
        try
        {
            act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // without a note it begins anew the next time
        }
    }
}
