namespace Operone.Agent.Platforms.Windows;

/// <summary>Which program a name means on Windows, and what a shell of its is started with.</summary>
/// <param name="isFile">Whether there is a file at a path.</param>
internal sealed class WindowsPrograms(Func<string, bool> isFile)
{
    private const string DefaultExtensions = ".COM;.EXE;.BAT;.CMD";

    // what a console shows and what pipes between programs carry is UTF-8 too, not the code page of the system
    private const string Utf8InPowerShell =
        "try { [Console]::InputEncoding = New-Object Text.UTF8Encoding $false; [Console]::OutputEncoding = New-Object Text.UTF8Encoding $false } catch { chcp.com 65001 | Out-Null }";

    /// <summary>
    /// The file that a name means: by its path where it has one, else in the directories of PATH; where it has no extension that
    /// programs have, with each of those. Never in the current directory, unlike CreateProcessW.
    /// </summary>
    /// <param name="name">The name or path.</param>
    /// <param name="directory">Where relative paths begin.</param>
    /// <param name="path">PATH.</param>
    /// <param name="extensions">PATHEXT.</param>
    public string? Find(string name, string directory, string? path, string? extensions)
    {
        string[] endings = [.. (string.IsNullOrEmpty(extensions) ? DefaultExtensions : extensions).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        var folders = name.AsSpan().ContainsAny('\\', '/', ':')
            ? [IsFull(name) ? "" : directory]
            : (path ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(f => f.Trim('"')).Where(IsFull);
        var isWhole = Array.Exists(endings, e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase));
        return folders
            .Select(folder => folder.Length == 0 ? name : folder.TrimEnd('\\', '/') + '\\' + name)
            .SelectMany(file => isWhole ? [file] : endings.Select(e => file + e.ToLowerInvariant()))
            .FirstOrDefault(isFile);
    }

    /// <summary>The shell of a device that names none: PowerShell, else the PowerShell that Windows has, else its command line.</summary>
    public string DefaultShell(string? path, string? systemRoot, string? commandLine)
    {
        var root = systemRoot ?? @"C:\Windows";
        var old = root + @"\System32\WindowsPowerShell\v1.0\powershell.exe";
        return Find("pwsh.exe", "", path, null) ?? (isFile(old) ? old : commandLine ?? root + @"\System32\cmd.exe");
    }

    /// <summary>What a shell is started with, so that it speaks UTF-8. A program that is no shell that is known gets nothing.</summary>
    public static IReadOnlyList<string> ShellArguments(string shell) => NameOf(shell) switch
    {
        "cmd" => [shell, "/k", "chcp 65001>nul"],
        "powershell" or "pwsh" => [shell, "-NoLogo", "-NoExit", "-Command", Utf8InPowerShell],
        _ => [shell],
    };

    private static string NameOf(string path)
    {
        var name = path[(path.LastIndexOfAny(['\\', '/']) + 1)..].ToLowerInvariant();
        return name.EndsWith(".exe", StringComparison.Ordinal) ? name[..^4] : name;
    }

    /// <summary>Whether a path says all: a drive and a root, or another machine's.</summary>
    private static bool IsFull(string path) =>
        path.StartsWith(@"\\", StringComparison.Ordinal) || (path.Length > 2 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] is '\\' or '/');
}
