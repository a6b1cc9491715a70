using System.Text;
using Operone.Core.Errors;

namespace Operone.Core.Shell;

/// <summary>The limits of a rule of what terminals are like, and the check of one against them. Pure, so that every door can use it.</summary>
public static class TerminalPolicyLimits
{
    /// <summary>The longest name.</summary>
    public const int MaxName = 63;
    /// <summary>The highest order.</summary>
    public const int MaxOrder = 10_000;
    /// <summary>The longest name of a user on a device.</summary>
    public const int MaxUser = 64;
    /// <summary>The longest path, in UTF-8 bytes (Linux's PATH_MAX less the end).</summary>
    public const int MaxPathBytes = 4095;
    /// <summary>The most variables.</summary>
    public const int MaxVariables = 100;
    /// <summary>All variables together, in UTF-8 bytes.</summary>
    public const int MaxEnvironmentBytes = 32 * 1024;
    /// <summary>The shortest time that a terminal goes on with nobody attached, in seconds.</summary>
    public const double MinIdleSeconds = 60;
    /// <summary>The longest time that a terminal goes on with nobody attached, in seconds: 30 days.</summary>
    public const double MaxIdleSeconds = 30 * 24 * 3600;

    /// <summary>Notes everything that is wrong with a rule; whether its role exists is for who knows roles.</summary>
    public static void Check(WriteTerminalPolicy rule, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(rule);
        ArgumentNullException.ThrowIfNull(errors);
        var name = rule.Name?.Trim() ?? "";
        errors.AddIf(name.Length is < 1 or > MaxName || name.Any(char.IsControl), "name", $"must have 1 to {MaxName} characters");
        errors.AddIf(rule.Order is < 0 or > MaxOrder, "order", $"must be 0 to {MaxOrder}");
        foreach (var problem in Selector.Parse(rule.Selector).Error?.Fields?["selector"] ?? [])
        {
            errors.Add("selector", problem);
        }

        errors.AddIf(rule.Record is { } record && !Enum.IsDefined(record), "record", "must be off, on or required");
        errors.AddIf(rule.User is { } user && (user.Length is < 1 or > MaxUser || user[0] == '-' || user.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is ':' or '/')),
            "user", $"must be the name of a user: 1 to {MaxUser} characters without spaces, ':' and '/'");
        CheckPath(rule.Shell, "shell", errors);
        CheckPath(rule.WorkingDirectory, "workingDirectory", errors);
        errors.AddIf(rule.IdleSeconds is { } seconds && !(seconds is >= MinIdleSeconds and <= MaxIdleSeconds), "idleSeconds",
            $"must be {MinIdleSeconds} to {MaxIdleSeconds} seconds (30 days)");
        CheckEnvironment(rule.Environment, errors);
        errors.AddIf(errors.ToError() is null && SaysNothing(rule), "rule", "says nothing: set at least one thing");
    }

    private static bool SaysNothing(WriteTerminalPolicy rule) => rule is
    {
        Record: null, RecordInput: null, User: null, Shell: null, WorkingDirectory: null, IdleSeconds: null, ChoiceAllowed: null, Environment: null or { Count: 0 }
    };

    private static void CheckPath(string? path, string field, FieldErrors errors)
    {
        if (path is null)
        {
            return;
        }

        var isAbsolute = path.StartsWith('/') || path.StartsWith(@"\\", StringComparison.Ordinal)
            || (path.Length > 2 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] is '\\' or '/');
        errors.AddIf(!isAbsolute, field, "must be an absolute path");
        errors.AddIf(path.Any(char.IsControl), field, "has a control character");
        errors.AddIf(Encoding.UTF8.GetByteCount(path) > MaxPathBytes, field, $"is over {MaxPathBytes} bytes");
    }

    private static void CheckEnvironment(IReadOnlyDictionary<string, string>? environment, FieldErrors errors)
    {
        if (environment is null)
        {
            return;
        }

        errors.AddIf(environment.Count > MaxVariables, "environment", $"has more than {MaxVariables} variables");
        foreach (var (name, value) in environment)
        {
            errors.AddIf(name.Length == 0 || name.Any(c => c is '=' || char.IsControl(c)), "environment", $"'{name}' is not a name of a variable");
            errors.AddIf(value is null, "environment", $"'{name}' has no value");
            errors.AddIf(value?.Contains('\0', StringComparison.Ordinal) == true, "environment", $"the value of '{name}' has a NUL character");
        }

        errors.AddIf(environment.Sum(v => (long)Encoding.UTF8.GetByteCount(v.Key) + Encoding.UTF8.GetByteCount(v.Value ?? "")) > MaxEnvironmentBytes,
            "environment", $"is over {MaxEnvironmentBytes} bytes");
    }
}
