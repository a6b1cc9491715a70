using System.Globalization;
using System.Text;
using Operone.Core.Errors;

namespace Operone.Core.Shell;

/// <summary>The rules of <see cref="Supervision"/>. Pure, so that every door and the device can use them.</summary>
public static class SupervisionRules
{
    /// <summary>The shortest lease, in seconds.</summary>
    public const double MinLeaseSeconds = 10;
    /// <summary>A day, in seconds: the longest lease, pause and time until something is stable.</summary>
    public const double DaySeconds = 24 * 3600;
    /// <summary>The longest grace, in seconds.</summary>
    public const double MaxGraceSeconds = 300;
    /// <summary>The most arguments of a check.</summary>
    public const int MaxArguments = 256;
    /// <summary>The longest argument of a check, in UTF-8 bytes.</summary>
    public const int MaxArgumentBytes = 32 * 1024;
    /// <summary>The longest URL of a check, in characters.</summary>
    public const int MaxUrlLength = 2000;
    /// <summary>What the words begin with for which a device ends a command by itself because its lease is over.</summary>
    public const string FenceReason = "Ended by the device itself:";

    /// <summary>Whether it was the device that ended the command because its lease was over, not the command that failed.</summary>
    /// <param name="reason">The words of an end, or of a state.</param>
    public static bool IsFence(string? reason) => reason?.StartsWith(FenceReason, StringComparison.Ordinal) == true;

    /// <summary>Everything that is wrong with it, or null.</summary>
    public static Error? Check(Supervision supervision)
    {
        ArgumentNullException.ThrowIfNull(supervision);
        var errors = new FieldErrors();
        Check(supervision, "", errors);
        return errors.ToError();
    }

    /// <summary>Everything that is wrong with it in a start message, or null.</summary>
    public static Error? Check(StartExecution start)
    {
        ArgumentNullException.ThrowIfNull(start);
        if (start.Supervision is not { } supervision)
        {
            return null;
        }

        var errors = new FieldErrors();
        Check(supervision, "supervision.", errors);
        CheckSandbox(supervision.Health, start.Sandbox, "supervision.health", errors);
        errors.AddIf(start.Terminal is not null, "supervision", "does not go with a terminal");
        errors.AddIf(start.StreamStdin || start.StreamStdout, "supervision", "does not go with streams: a channel cannot be begun again with the command");
        return errors.ToError();
    }

    /// <summary>Notes everything that is wrong with it.</summary>
    /// <param name="supervision">What is said.</param>
    /// <param name="prefix">What its fields' names begin with.</param>
    /// <param name="errors">Where problems go.</param>
    public static void Check(Supervision supervision, string prefix, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(supervision);
        ArgumentNullException.ThrowIfNull(errors);
        CheckRestart(supervision.Restart, prefix + "restart.", errors);
        Range(supervision.LeaseSeconds, MinLeaseSeconds, DaySeconds, prefix + "leaseSeconds", errors);
        Range(supervision.StopGraceSeconds, 0, MaxGraceSeconds, prefix + "stopGraceSeconds", errors);
        if (supervision.Health is { } health)
        {
            CheckHealth(health, prefix + "health.", errors);
        }
    }

    /// <summary>Notes why a check cannot be carried out on a command in a sandbox: it runs, and knocks, outside of it.</summary>
    public static void CheckSandbox(HealthCheck? health, SandboxSpec? sandbox, string field, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        if (health is null || sandbox is not { Kind: SandboxKind.Isolated })
        {
            return;
        }

        errors.AddIf(health.Argv is not null, field, "cannot be a program where the command is isolated: it would run outside of the sandbox; use tcpPort or httpUrl");
        errors.AddIf(
            health.Argv is null && !sandbox.Network, field,
            "cannot reach a command that is isolated without the network: its loopback is its own; give the sandbox profile network, or leave the check out");
    }

    /// <summary>Where a check's URL leads: host (<c>localhost</c>, or an address of loopback), port, both as HTTP names them, path with query. Null where it is not http on loopback.</summary>
    public static (string Host, int Port, string Authority, string Path)? ParseUrl(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (url.Length > MaxUrlLength || url.Any(c => c is <= ' ' or '\u007f') || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme != Uri.UriSchemeHttp
            || !parsed.IsLoopback || parsed.UserInfo.Length > 0 || parsed.Fragment.Length > 0 || parsed.Port is < 1 or > 65535)
        {
            return null;
        }

        return parsed.HostNameType == UriHostNameType.Dns && parsed.Host != "localhost" ? null : (parsed.IdnHost, parsed.Port, parsed.Authority, parsed.PathAndQuery);
    }

    private static void CheckRestart(RestartPolicy? restart, string prefix, FieldErrors errors)
    {
        if (restart is null)
        {
            errors.Add(prefix.TrimEnd('.'), "must not be null");
            return;
        }

        errors.AddIf(!Enum.IsDefined(restart.Mode), prefix + "mode", "must be always, on-failure or never");
        Range(restart.PauseSeconds, 0.1, 3600, prefix + "pauseSeconds", errors);
        Range(restart.MaxPauseSeconds, 0.1, DaySeconds, prefix + "maxPauseSeconds", errors);
        errors.AddIf(restart.MaxPauseSeconds < restart.PauseSeconds, prefix + "maxPauseSeconds", "must not be less than pauseSeconds");
        Range(restart.StableSeconds, 1, DaySeconds, prefix + "stableSeconds", errors);
        errors.AddIf(restart.MaxRestarts is < 1 or > 1000, prefix + "maxRestarts", "must be 1 to 1000; left out for no limit");
    }

    private static void CheckHealth(HealthCheck health, string prefix, FieldErrors errors)
    {
        var kinds = (health.Argv is null ? 0 : 1) + (health.TcpPort is null ? 0 : 1) + (health.HttpUrl is null ? 0 : 1);
        errors.AddIf(kinds != 1, prefix.TrimEnd('.'), "needs exactly one of argv, tcpPort and httpUrl");
        if (health.Argv is { } argv)
        {
            CheckArgv(argv, prefix + "argv", errors);
        }

        errors.AddIf(health.TcpPort is < 1 or > 65535, prefix + "tcpPort", "must be 1 to 65535");
        errors.AddIf(
            health.HttpUrl is { } url && ParseUrl(url) is null, prefix + "httpUrl",
            "must be a URL on the device's loopback, such as http://127.0.0.1:8080/health: http, and localhost or an address of loopback");
        Range(health.IntervalSeconds, 0.2, 3600, prefix + "intervalSeconds", errors);
        Range(health.TimeoutSeconds, 0.1, 300, prefix + "timeoutSeconds", errors);
        errors.AddIf(health.Failures is < 1 or > 100, prefix + "failures", "must be 1 to 100");
        Range(health.StartSeconds, 0, DaySeconds, prefix + "startSeconds", errors);
    }

    private static void CheckArgv(IReadOnlyList<string> argv, string field, FieldErrors errors)
    {
        if (argv.Count is 0 or > MaxArguments || string.IsNullOrEmpty(argv[0]))
        {
            errors.Add(field, $"must be a program with its arguments, {MaxArguments} together at most");
            return;
        }

        errors.AddIf(argv.Any(a => a is null || a.Contains('\0', StringComparison.Ordinal)), field, "has a null character, or no text at all");
        errors.AddIf(argv.Any(a => a is not null && Encoding.UTF8.GetByteCount(a) > MaxArgumentBytes), field, $"has an argument over {MaxArgumentBytes} bytes");
    }

    // written so that what is not a number is out of every range
    private static void Range(double? value, double least, double most, string field, FieldErrors errors) =>
        errors.AddIf(value is { } number && !(number >= least && number <= most), field, string.Create(CultureInfo.InvariantCulture, $"must be {least} to {most}"));
}
