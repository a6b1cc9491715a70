using System.Globalization;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Pages.Compose;

/// <summary>In which form the command is given.</summary>
public enum RunKind
{
    Command,
    Argv,
    Script,
}

/// <summary>How the devices are named.</summary>
public enum TargetKind
{
    Selector,
    Devices,
    All,
}

/// <summary>What was typed into the form of a new run, all of it as text.</summary>
public sealed class RunForm
{
    public RunKind Kind { get; set; }
    public string Command { get; set; } = "";
    /// <summary>One argument a line.</summary>
    public string Argv { get; set; } = "";
    public string Script { get; set; } = "";
    public string Interpreter { get; set; } = "";
    public TargetKind TargetKind { get; set; }
    public string Selector { get; set; } = "";
    public SortedSet<string> Devices { get; private set; } = new(StringComparer.OrdinalIgnoreCase);
    /// <summary>Whether the devices that one may not run commands on are left out.</summary>
    public bool OnlyPermitted { get; set; }
    public string WorkingDirectory { get; set; } = "";
    /// <summary>The names of environments, in order.</summary>
    public List<string> Environments { get; private set; } = [];
    /// <summary>One <c>NAME=value</c> a line.</summary>
    public string Environment { get; set; } = "";
    public string Stdin { get; set; } = "";
    /// <summary>The sandbox profile's name; empty for none, or what a role requires.</summary>
    public string Sandbox { get; set; } = "";
    public string RunAs { get; set; } = "";
    public string Timeout { get; set; } = "";
    public string Expiry { get; set; } = "";
    public string OutputLimit { get; set; } = "";
    /// <summary>Whether and how Operone chooses the devices.</summary>
    public PlacementForm Placement { get; private set; } = new();

    /// <summary>Whether anything beyond the command and the devices was typed.</summary>
    public bool HasOptions => Environments.Count > 0
        || (WorkingDirectory + Environment + Stdin + Sandbox + RunAs + Timeout + Expiry + OutputLimit).Length > 0;

    /// <summary>The devices that are meant, as far as they are named yet.</summary>
    public RunTarget Target => TargetKind switch
    {
        TargetKind.All => new RunTarget(All: true, OnlyPermitted: OnlyPermitted),
        TargetKind.Devices => new RunTarget(Devices: [.. Devices], OnlyPermitted: OnlyPermitted),
        _ => new RunTarget(Selector: Selector.Trim(), OnlyPermitted: OnlyPermitted),
    };

    /// <summary>The request, and everything that is wrong with what was typed, by the request's fields.</summary>
    public (CreateRun Request, IReadOnlyDictionary<string, string[]> Problems) Read()
    {
        var errors = new FieldErrors();
        var request = new CreateRun
        {
            Command = Kind == RunKind.Command ? Command : null,
            Argv = Kind == RunKind.Argv ? Lines(Argv) : null,
            Script = Kind == RunKind.Script ? Script.ReplaceLineEndings("\n") : null,
            Interpreter = Kind == RunKind.Script ? Given(Interpreter) : null,
            Target = Target,
            WorkingDirectory = Given(WorkingDirectory),
            Sandbox = Given(Sandbox),
            RunAs = Given(RunAs),
            Environments = Environments.Count > 0 ? [.. Environments] : null,
            Environment = ReadEnvironment(errors),
            Stdin = Stdin.Length > 0 ? Stdin.ReplaceLineEndings("\n") : null,
            TimeoutSeconds = ReadSeconds(Timeout, "timeoutSeconds", errors),
            ExpiresInSeconds = ReadSeconds(Expiry, "expiresInSeconds", errors),
            OutputLimitBytes = ReadSize(errors),
            Placement = Placement.Read(errors),
        };
        var problems = new Dictionary<string, string[]>(RunLimits.Check(request)?.Fields ?? new Dictionary<string, string[]>());
        foreach (var (field, messages) in errors.ToError()?.Fields ?? new Dictionary<string, string[]>())
        {
            problems[field] = messages;
        }

        if (TargetKind == TargetKind.Selector && problems.Remove("target.selector", out var selector))
        {
            // The selector alone says it best: at which character, and what was expected there.
            problems["target.selector"] = string.IsNullOrWhiteSpace(Selector)
                ? ["is empty; choose 'All devices' to aim at every one"]
                : Core.Selector.Parse(Selector).Error?.Fields?["selector"] ?? selector;
        }

        return (request, problems);
    }

    /// <summary>The form as it was for a run that was made.</summary>
    public static RunForm From(CreateRun request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var target = request.Target ?? new();
        return new RunForm
        {
            Kind = request.Script is not null ? RunKind.Script : request.Argv is not null ? RunKind.Argv : RunKind.Command,
            Command = request.Command ?? "",
            Argv = string.Join('\n', request.Argv ?? []),
            Script = request.Script ?? "",
            Interpreter = request.Interpreter ?? "",
            TargetKind = target.All ? TargetKind.All : target.Devices is { Count: > 0 } ? TargetKind.Devices : TargetKind.Selector,
            Selector = target.Selector ?? "",
            Devices = new(target.Devices ?? [], StringComparer.OrdinalIgnoreCase),
            OnlyPermitted = target.OnlyPermitted,
            WorkingDirectory = request.WorkingDirectory ?? "",
            Sandbox = request.Sandbox ?? "",
            RunAs = request.RunAs ?? "",
            Environments = [.. request.Environments ?? []],
            Environment = string.Join('\n', (request.Environment ?? new Dictionary<string, string>()).Select(v => $"{v.Key}={v.Value}")),
            Timeout = Seconds(request.TimeoutSeconds),
            Expiry = Seconds(request.ExpiresInSeconds),
            OutputLimit = request.OutputLimitBytes?.ToString(CultureInfo.InvariantCulture) ?? "",
            Placement = PlacementForm.From(request.Placement),
        };
    }

    private static string Seconds(double? seconds) => seconds is { } s ? s.ToString("0.###", CultureInfo.InvariantCulture) + "s" : "";

    private static string? Given(string text) => text.Trim() is { Length: > 0 } given ? given : null;

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');

    private Dictionary<string, string>? ReadEnvironment(FieldErrors errors)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Lines(Environment).Where(l => l.Trim().Length > 0))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                errors.Add("environment", $"'{(line.Length > 40 ? line[..40] + "…" : line)}' should be NAME=value");
            }
            else if (!variables.TryAdd(line[..equals].Trim(), line[(equals + 1)..]))
            {
                errors.Add("environment", $"'{line[..equals].Trim()}' is there twice");
            }
        }

        return variables.Count == 0 ? null : variables;
    }

    private static double? ReadSeconds(string text, string field, FieldErrors errors)
    {
        if (Given(text) is not { } given)
        {
            return null;
        }

        var duration = Quantities.ParseDuration(given);
        if (duration.IsError)
        {
            errors.Add(field, duration.Error!.Detail);
            return null;
        }

        return duration.Value.TotalSeconds;
    }

    private long? ReadSize(FieldErrors errors)
    {
        if (Given(OutputLimit) is not { } given)
        {
            return null;
        }

        var size = Quantities.ParseSize(given);
        if (size.IsError)
        {
            errors.Add("outputLimitBytes", size.Error!.Detail);
            return null;
        }

        return size.Value;
    }
}
