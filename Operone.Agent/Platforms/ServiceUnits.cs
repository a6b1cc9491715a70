using System.Security;

namespace Operone.Agent.Platforms;

/// <summary>What a service is to run.</summary>
/// <param name="Name">The service's name, for example <c>operone-agent</c>.</param>
/// <param name="Command">The program and its first arguments, see <see cref="OwnProgram"/>.</param>
/// <param name="StateDirectory">The agent's state directory.</param>
internal sealed record ServiceSpec(string Name, IReadOnlyList<string> Command, string StateDirectory)
{
    /// <summary>The whole command line.</summary>
    public IReadOnlyList<string> Arguments => [.. Command, "agent", "run", "--state-dir", StateDirectory];
}

/// <summary>
/// The texts by which the systems' service managers learn of the agent. In each, stopping the service ends the agent alone:
/// commands that run go on.
/// </summary>
internal static class ServiceUnits
{
    /// <summary>A systemd unit (systemd.service(5), systemd.kill(5)).</summary>
    public static string Systemd(ServiceSpec spec) => $"""
        [Unit]
        Description=Operone agent
        Wants=network-online.target
        After=network-online.target

        [Service]
        Type=exec
        ExecStart={string.Join(' ', spec.Arguments.Select(SystemdWord))}
        Restart=always
        RestartSec=2
        # the machine is not enrolled, or was removed: starting again would not help
        RestartPreventExitStatus=78
        # the commands that the agent has started have hosts of their own and go on when it stops or is upgraded
        KillMode=process
        # limits of commands are kept by cgroups that the agent makes below its own
        Delegate=cpu memory pids
        OOMPolicy=continue
        TasksMax=infinity
        LimitNOFILE=65536

        [Install]
        WantedBy=multi-user.target

        """;

    /// <summary>A launchd property list (launchd.plist(5)). AbandonProcessGroup leaves the hosts alone.</summary>
    public static string Launchd(ServiceSpec spec) => $"""
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
          <key>Label</key>
          <string>{SecurityElement.Escape(LaunchdLabel(spec.Name))}</string>
          <key>ProgramArguments</key>
          <array>
        {string.Join('\n', spec.Arguments.Select(a => $"    <string>{SecurityElement.Escape(a)}</string>"))}
          </array>
          <key>RunAtLoad</key>
          <true/>
          <key>KeepAlive</key>
          <true/>
          <key>ThrottleInterval</key>
          <integer>10</integer>
          <key>AbandonProcessGroup</key>
          <true/>
          <key>StandardErrorPath</key>
          <string>/var/log/{SecurityElement.Escape(spec.Name)}.log</string>
        </dict>
        </plist>

        """;

    /// <summary>The label by which launchd knows a service.</summary>
    public static string LaunchdLabel(string name) => $"dev.operone.{name}";

    /// <summary>The arguments of <c>sc.exe</c> that create a Windows service.</summary>
    public static IReadOnlyList<string> WindowsCreate(ServiceSpec spec) =>
    [
        "create", spec.Name, "binPath=", string.Join(' ', spec.Arguments.Append("--windows-service").Select(WindowsWord)), "start=", "auto", "DisplayName=", "Operone agent",
    ];

    /// <summary>The arguments of <c>sc.exe</c> that have it started again when it fails.</summary>
    public static IReadOnlyList<string> WindowsFailure(ServiceSpec spec) => ["failure", spec.Name, "reset=", "86400", "actions=", "restart/2000/restart/5000/restart/30000"];

    /// <summary>systemd.service(5), "Command lines": quotes, backslashes, specifiers and variables.</summary>
    private static string SystemdWord(string word)
    {
        var escaped = word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("%", "%%", StringComparison.Ordinal).Replace("$", "$$", StringComparison.Ordinal);
        return escaped.Length > 0 && escaped.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_') ? escaped : $"\"{escaped}\"";
    }

    /// <summary>As CommandLineToArgvW takes it apart. A path has no quotes, and an agent's arguments end in no backslash.</summary>
    private static string WindowsWord(string word) => word.Contains(' ', StringComparison.Ordinal) || word.Length == 0 ? $"\"{word.TrimEnd('\\')}\"" : word;
}
