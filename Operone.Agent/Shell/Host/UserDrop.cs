using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;

namespace Operone.Agent.Shell.Host;

/// <summary>
/// Commands as another user of the device: the agent must be root, and setpriv(1) or runuser(1) gives its rights up before the
/// command starts.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class UserDrop
{
    /// <summary>
    /// Variables that steer programs before they do anything (ld.so(8), and what glibc takes away from set-user-ID programs). They
    /// are kept from what runs before the rights are given up.
    /// </summary>
    private static readonly string[] _steering =
    [
        "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LANGUAGE", "LOCALDOMAIN", "LOCPATH", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF",
        "RES_OPTIONS", "TMPDIR", "TZ", "TZDIR",
    ];

    private static readonly string[] _steeringPrefixes = ["LD_", "DYLD_", "MALLOC_", "GLIBC_", "LC_"];

    /// <summary>The user whom a command is to run as; null for the agent's own. Or why there is no such.</summary>
    /// <param name="name">The name; null for the agent's own.</param>
    public static (UnixUser? User, CannotStart? Problem) Find(string? name)
    {
        if (name is null)
        {
            return (null, null);
        }

        if (UnixUsers.Find(name) is not { } user)
        {
            return (null, Refuse($"This device has no user '{name}'."));
        }

        var own = Libc.EffectiveUser();
        if (user.Uid == own)
        {
            return (user, null);
        }

        return own != 0 ? (null, Refuse($"The device cannot run it as '{name}': the agent runs as '{Environment.UserName}', and only root can become another user. Install the agent as root, or leave runAs out."))
            : Tool(user) is null ? (null, Refuse($"The device cannot run it as '{name}': it has neither setpriv nor runuser. Both are in util-linux: apt-get install util-linux."))
            : (user, null);
    }

    /// <summary>Whether a command for this user needs rights to be given up.</summary>
    public static bool IsNeeded(UnixUser? user) => user is not null && user.Uid != Libc.EffectiveUser();

    /// <summary>The plan, carried out by the user. Where that is the agent's own, it is the plan as it is.</summary>
    public static CommandPlan Wrap(CommandPlan plan, UnixUser? user)
    {
        if (user is null || !IsNeeded(user))
        {
            return plan;
        }

        var (steering, harmless) = Split(plan.Environment);
        var tool = Tool(user)!;
        return plan with
        {
            Program = tool[0],
            Arguments = [.. tool, .. steering.Count > 0 ? ["/usr/bin/env", .. steering] : Array.Empty<string>(), .. plan.Words],
            Environment = harmless,
            // the directory may be one that this user alone can enter; setpriv does not care where it starts
            Directory = plan.Directory,
        };
    }

    /// <summary>Where the script of a command for another user lies: its execution's folder is for the agent's user alone.</summary>
    public static string ScriptFile(Guid execution) => $"{Path.GetTempPath()}operone-{execution:N}/script";

    /// <summary>Writes such a script: nobody but the user can read it, and nobody at all change it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void WriteScript(string path, string text, UnixUser user)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (Directory.Exists(folder) || File.Exists(folder))
        {
            throw new IOException($"'{folder}' is there already.");
        }

        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        if (UnixUsers.GiveTo(path, user) is { } problem)
        {
            throw new IOException($"The script cannot be given to '{user.Name}': {problem}.");
        }
    }

    /// <summary>Takes away what <see cref="WriteScript"/> has written, where it has.</summary>
    public static void DeleteScript(string path)
    {
        try
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // it is not there, or the system clears it with the rest of its temporary files
        }
    }

    /// <summary>The program that becomes the user, with its arguments, or null.</summary>
    private static string[]? Tool(UnixUser user)
    {
        var uid = user.Uid.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var gid = user.Gid.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return SystemTools.Setpriv is { } setpriv ? [setpriv, "--reuid", uid, "--regid", gid, "--init-groups", "--"]
            : SystemTools.Find("runuser") is { } runuser ? [runuser, "-u", user.Name, "--"]
            : null;
    }

    private static (List<string> Steering, List<string> Harmless) Split(IReadOnlyList<string> environment)
    {
        var (steering, harmless) = (new List<string>(), new List<string>());
        foreach (var variable in environment)
        {
            var name = variable.Split('=', 2)[0];
            var steers = Array.IndexOf(_steering, name) >= 0 || Array.Exists(_steeringPrefixes, p => name.StartsWith(p, StringComparison.Ordinal));
            (steers ? steering : harmless).Add(variable);
        }

        return (steering, harmless);
    }

    private static CannotStart Refuse(string reason) => new(null, reason, IsRefusal: true);
}
