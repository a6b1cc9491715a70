using System.Globalization;
using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Platforms.Windows;
using Operone.Agent.Shell.Host.Sandbox;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host;

/// <summary>What is started for a request: program, arguments, environment, directory.</summary>
/// <param name="Program">The program's path.</param>
/// <param name="Arguments">All arguments, with the program's name as it was given.</param>
/// <param name="Environment">All variables as <c>NAME=value</c>.</param>
/// <param name="Directory">Where it starts.</param>
internal sealed record CommandPlan(string Program, IReadOnlyList<string> Arguments, IReadOnlyList<string> Environment, string Directory)
{
    /// <summary>Whom it is for; null for the agent's own user. <see cref="UserDrop.Wrap"/> makes it so.</summary>
    public UnixUser? User { get; init; }

    /// <summary>The words by which another program starts it. A login shell's name, which begins with a dash, does not get through.</summary>
    public IReadOnlyList<string> Words =>
        Arguments[0].StartsWith('-') ? [Program, "-l", .. Arguments.Skip(1)] : [Program, .. Arguments.Skip(1)];

    /// <summary>What it inherits besides its standard streams, as 3, 4 and so on.</summary>
    public IReadOnlyList<int> Descriptors { get; init; } = [];
}

/// <summary>Why a request cannot be started.</summary>
/// <param name="ExitCode">What a POSIX shell would exit with, or null where it would not have come so far.</param>
/// <param name="Reason">In words.</param>
/// <param name="IsRefusal">Whether the device does not accept it, as it was asked for.</param>
internal sealed record CannotStart(int? ExitCode, string Reason, bool IsRefusal = false);

/// <summary>
/// Makes the plan. A command's environment is what the request gives, over this base and nothing else: <c>PATH</c>,
/// <c>HOME</c>, <c>USER</c>, <c>LOGNAME</c>, <c>SHELL</c>, <c>LANG=C.UTF-8</c>, <c>OPERONE_RUN_ID</c>,
/// <c>OPERONE_EXECUTION_ID</c>, <c>OPERONE_DEVICE</c>. Its directory is the home of the user whom it runs as unless told. Where it
/// is isolated, paths are as they are in there, see <see cref="Isolation"/>.
/// </summary>
/// <param name="home">The home directory of the agent's user.</param>
/// <param name="agentUser">The name of the agent's user.</param>
internal sealed class CommandPlanner(string home, string agentUser)
{
    /// <summary>POSIX, sh, 2.8.2 "Exit Status for Commands": not found.</summary>
    public const int NotFoundCode = 127;

    /// <summary>The same: found, but not an executable.</summary>
    public const int NotExecutableCode = 126;

    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static readonly WindowsPrograms _programs = new(File.Exists);

    /// <summary>What programs on Windows need to start, and to find what is their user's.</summary>
    private static readonly string[] _windowsVariables =
    [
        "ALLUSERSPROFILE", "APPDATA", "CommonProgramFiles", "CommonProgramFiles(x86)", "CommonProgramW6432", "COMPUTERNAME", "ComSpec", "HOMEDRIVE", "HOMEPATH",
        "LOCALAPPDATA", "NUMBER_OF_PROCESSORS", "OS", "PATH", "PATHEXT", "PROCESSOR_ARCHITECTURE", "ProgramData", "ProgramFiles", "ProgramFiles(x86)", "ProgramW6432",
        "PUBLIC", "SystemDrive", "SystemRoot", "TEMP", "TMP", "USERDOMAIN", "USERNAME", "USERPROFILE", "windir",
    ];

    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Makes a plan, or says why there is none. A script is written to its file.</summary>
    /// <exception cref="IOException">The script's file cannot be written.</exception>
    public (CommandPlan? Plan, CannotStart? Problem) Make(StartExecution request, string scriptFile)
    {
        var (user, unknown) = OperatingSystem.IsWindows() ? (null, null) : UserDrop.Find(request.Sandbox?.RunAs);
        if (unknown is not null)
        {
            return (null, unknown);
        }

        if (!OperatingSystem.IsWindows() && request.Sandbox is { Kind: SandboxKind.Isolated })
        {
            return MakeIsolated(request, scriptFile, user);
        }

        var environment = Variables(request, user?.Name ?? agentUser, user?.Home ?? home, user?.Shell ?? OwnShell(request) ?? "/bin/sh");
        var own = user?.Home ?? home;
        var directory = request.WorkingDirectory ?? (Directory.Exists(own) ? own : OperatingSystem.IsWindows() ? Path.GetPathRoot(System.Environment.SystemDirectory)! : "/");
        if (!Path.IsPathFullyQualified(directory))
        {
            return (null, new CannotStart(null, $"The working directory '{directory}' is not an absolute path."));
        }

        if (!Directory.Exists(directory))
        {
            return (null, new CannotStart(null, File.Exists(directory)
                ? $"The working directory '{directory}' is not a directory."
                : $"The working directory '{directory}' does not exist."));
        }

        var isOthers = !OperatingSystem.IsWindows() && UserDrop.IsNeeded(user);
        var script = !OperatingSystem.IsWindows() && isOthers ? UserDrop.ScriptFile(request.ExecutionId) : scriptFile;
        var arguments = Arguments(request, script, user?.Shell ?? OwnShell(request));
        var (program, problem) = Find(arguments[0], directory, environment["PATH"]);
        if (problem is not null)
        {
            return (null, problem);
        }

        if (request.Script is not null)
        {
            Write(request.Script, script, isOthers ? user : null);
        }

        return (new CommandPlan(program!, Named(request, program!, arguments), Lines(environment), directory) { User = user }, null);
    }

    [UnsupportedOSPlatform("windows")]
    private (CommandPlan? Plan, CannotStart? Problem) MakeIsolated(StartExecution request, string scriptFile, UnixUser? user)
    {
        var environment = Variables(request, user?.Name ?? Isolation.NameOf(agentUser), Isolation.Work, "/bin/sh");
        var directory = request.WorkingDirectory ?? Isolation.Work;
        if (Isolation.CheckDirectory(directory) is { } outside)
        {
            return (null, new CannotStart(null, outside));
        }

        var arguments = Arguments(request, Isolation.Script, null);
        var (program, problem) = Find(arguments[0], directory, environment["PATH"]);
        problem ??= Isolation.CheckProgram(program!, arguments[0]) is { } hidden ? new CannotStart(NotFoundCode, hidden) : null;
        if (problem is not null)
        {
            return (null, problem);
        }

        if (request.Script is not null)
        {
            File.WriteAllText(scriptFile, request.Script);
        }

        return (new CommandPlan(program!, Named(request, program!, arguments), Lines(environment), directory) { User = user }, null);
    }

    /// <summary>The shell that the agent's user has, for a terminal of theirs; null where the system does not say.</summary>
    private string? OwnShell(StartExecution request) =>
        request.Terminal is null ? null
        : OperatingSystem.IsWindows() ? _programs.DefaultShell(Variable("PATH"), Variable("SystemRoot"), Variable("ComSpec"))
        : UnixUsers.Find(agentUser)?.Shell is { Length: > 0 } shell && File.Exists(shell) ? shell : null;

    /// <summary>A terminal's shell is a login shell, as login(1) and sshd start it. On Windows it is made to speak UTF-8.</summary>
    private static IReadOnlyList<string> Named(StartExecution request, string program, IReadOnlyList<string> arguments) =>
        request is not { Terminal: not null, Argv: null } ? arguments
        : OperatingSystem.IsWindows() ? WindowsPrograms.ShellArguments(program) : ["-" + Path.GetFileName(program)];

    private static string? Variable(string name) => System.Environment.GetEnvironmentVariable(name);

    private static string[] Lines(Dictionary<string, string> environment) => [.. environment.Select(v => $"{v.Key}={v.Value}")];

    private static void Write(string text, string path, UnixUser? other)
    {
        if (other is not null && !OperatingSystem.IsWindows())
        {
            UserDrop.WriteScript(path, text, other);
        }
        else
        {
            File.WriteAllText(path, text);
        }
    }

    private static IReadOnlyList<string> Arguments(StartExecution request, string scriptFile, string? ownShell)
    {
        if (request.Argv is not null)
        {
            return request.Argv;
        }

        if (request.Terminal is { } terminal)
        {
            return [terminal.Shell ?? ownShell ?? (File.Exists("/bin/bash") ? "/bin/bash" : "/bin/sh")];
        }

        if (request.Script is null)
        {
            return OperatingSystem.IsWindows() ? ["cmd.exe", "/d", "/c", request.Command ?? ""] : ["/bin/sh", "-c", request.Command ?? ""];
        }

        return [.. Interpreter(request), scriptFile];
    }

    /// <summary>The interpreter, with its arguments. A <c>#!</c> line has at most one, as execve(2) on Linux takes it.</summary>
    private static string[] Interpreter(StartExecution request)
    {
        if (request.Interpreter is not null)
        {
            return request.Interpreter.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }

        var line = request.Script!.StartsWith("#!", StringComparison.Ordinal) ? request.Script[2..].Split('\n', 2)[0].Trim() : "";
        var parts = line.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Length > 0 ? parts : OperatingSystem.IsWindows() ? ["powershell.exe", "-NoProfile", "-File"] : ["/bin/sh"];
    }

    private static Dictionary<string, string> Variables(StartExecution request, string user, string home, string shell)
    {
        var variables = new Dictionary<string, string>(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        if (OperatingSystem.IsWindows())
        {
            variables["PATH"] = "";
            foreach (var name in _windowsVariables)
            {
                if (Variable(name) is { } value)
                {
                    variables[name] = value;
                }
            }
        }
        else
        {
            variables["PATH"] = DefaultPath;
            variables["SHELL"] = shell;
            variables["LANG"] = "C.UTF-8";
            variables["HOME"] = home;
            variables["LOGNAME"] = user;
        }

        if (request.Terminal is not null)
        {
            variables["TERM"] = "xterm-256color";
            variables["COLORTERM"] = "truecolor";
        }

        variables["USER"] = user;
        variables["OPERONE_RUN_ID"] = request.RunId.ToString();
        variables["OPERONE_EXECUTION_ID"] = request.ExecutionId.ToString();
        variables["OPERONE_DEVICE"] = request.DeviceName;
        foreach (var (name, value) in request.Environment ?? new Dictionary<string, string>())
        {
            variables[name] = value;
        }

        return variables;
    }

    /// <summary>Finds a program as execvp(3) does: by its path where it has a slash, else in the directories of PATH.</summary>
    private static (string? Program, CannotStart? Problem) Find(string name, string directory, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return _programs.Find(name, directory, path, Variable("PATHEXT")) is { } file ? (file, null)
                : (null, new CannotStart(NotFoundCode, name.AsSpan().ContainsAny('\\', '/') ? $"There is no program '{name}'." : $"There is no program '{name}' in PATH ({path})."));
        }

        if (name.Contains('/', StringComparison.Ordinal))
        {
            var full = Path.Combine(directory, name);
            return Directory.Exists(full) ? (null, new CannotStart(NotExecutableCode, $"'{name}' is a directory, not a program."))
                : !File.Exists(full) ? (null, new CannotStart(NotFoundCode, $"There is no program '{name}'."))
                : !IsExecutable(full) ? (null, new CannotStart(NotExecutableCode, $"'{name}' is not executable."))
                : (full, null);
        }

        string? found = null;
        foreach (var folder in path.Split(':'))
        {
            var candidate = Path.Combine(directory, folder, name);
            if (File.Exists(candidate))
            {
                if (IsExecutable(candidate))
                {
                    return (candidate, null);
                }

                found ??= candidate;
            }
        }

        return (null, found is null
            ? new CannotStart(NotFoundCode, string.Create(CultureInfo.InvariantCulture, $"There is no program '{name}' in PATH ({path})."))
            : new CannotStart(NotExecutableCode, $"'{found}' is not executable."));
    }

    private static bool IsExecutable(string path) => OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & AnyExecute) != 0;
}
