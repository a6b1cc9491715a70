using System.Text;
using Operone.Core.Devices;
using Operone.Core.Errors;

namespace Operone.Core.Shell;

/// <summary>What <c>POST /runs</c> takes. Exactly one of command, argv and script.</summary>
public sealed record CreateRun
{
    /// <summary>A command line for the device's shell (<c>sh -c</c>; <c>cmd /c</c> on Windows).</summary>
    public string? Command { get; init; }
    /// <summary>A program and its arguments, started without a shell.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>The text of a script, at most 1 MiB in UTF-8.</summary>
    public string? Script { get; init; }
    /// <summary>The program that gets the script's file as its last argument. By default the script's <c>#!</c> line, else <c>/bin/sh</c>.</summary>
    public string? Interpreter { get; init; }
    /// <summary>Which devices.</summary>
    public RunTarget? Target { get; init; }
    /// <summary>An absolute path; by default the home of the agent's user.</summary>
    public string? WorkingDirectory { get; init; }
    /// <summary>Variables besides the documented base; these win.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
    /// <summary>
    /// Standard input as text (sent as UTF-8), at most 1 MiB. Not given back by the API. The word <c>stream</c> alone means that it is put
    /// to the execution's <c>stdin</c> afterwards, as much as there is; the text "stream" itself goes in <see cref="StdinBase64"/>.
    /// </summary>
    public string? Stdin { get; init; }
    /// <summary>Standard input as bytes, base64, at most 1 MiB; instead of <see cref="Stdin"/>.</summary>
    public string? StdinBase64 { get; init; }
    /// <summary>
    /// The word <c>stream</c>: standard output is not kept, and waits for one who reads the execution's <c>stdout</c>. On one device.
    /// </summary>
    public string? Stdout { get; init; }
    /// <summary>In a run that is a pipeline: its stages. Given by the API; a pipeline is made by <c>POST /pipelines</c>.</summary>
    public IReadOnlyList<PipelineStage>? Stages { get; init; }
    /// <summary>How long the command may take, in seconds, 1 second to 30 days; by default without end.</summary>
    public double? TimeoutSeconds { get; init; }
    /// <summary>How long it may wait for an offline device, in seconds, 1 second to 30 days; by default 1 hour.</summary>
    public double? ExpiresInSeconds { get; init; }
    /// <summary>How many bytes of output are kept for each execution; 0 to 4 GiB, by default 16 MiB.</summary>
    public long? OutputLimitBytes { get; init; }
    /// <summary>The name of the sandbox profile that holds the command; by default none, or what the caller's roles require.</summary>
    public string? Sandbox { get; init; }
    /// <summary>The user on the device; by default what the sandbox profile says, else the agent's own.</summary>
    public string? RunAs { get; init; }
    /// <summary>The names of environments whose variables the command gets, in order: a later one wins over an earlier one, <see cref="Environment"/> over all.</summary>
    public IReadOnlyList<string>? Environments { get; init; }
    /// <summary>Lets Operone choose among the devices of <see cref="Target"/>, by what the command needs; by default it runs on all of them.</summary>
    public RunPlacement? Placement { get; init; }
    /// <summary>In a run that is an instance of a workload: how its host cares for it. Given by the API; a workload is made by <c>POST /workloads/apply</c>.</summary>
    public Supervision? Supervision { get; init; }
}

/// <summary>The limits of a run, and the check of a request against them. Pure, so that every door can use it.</summary>
public static class RunLimits
{
    /// <summary>The longest command line, argument or path, in UTF-8 bytes (Linux's MAX_ARG_STRLEN less the end).</summary>
    public const int MaxCommandBytes = 131_071;
    /// <summary>The largest script, in UTF-8 bytes.</summary>
    public const int MaxScriptBytes = 1024 * 1024;
    /// <summary>The largest standard input, in bytes.</summary>
    public const int MaxStdinBytes = 1024 * 1024;
    /// <summary>The most arguments in a vector.</summary>
    public const int MaxArguments = 4096;
    /// <summary>The most environment variables.</summary>
    public const int MaxVariables = 512;
    /// <summary>The most devices named one by one.</summary>
    public const int MaxNamedDevices = 10_000;
    /// <summary>How long a run waits for offline devices unless told, in seconds.</summary>
    public const double DefaultExpirySeconds = 3600;
    /// <summary>The longest timeout and expiry, in seconds: 30 days.</summary>
    public const double MaxSeconds = 30 * 24 * 3600;
    /// <summary>How much output an execution keeps unless told, in bytes.</summary>
    public const long DefaultOutputLimitBytes = 16 * 1024 * 1024;
    /// <summary>The most output that an execution can be told to keep, in bytes.</summary>
    public const long MaxOutputLimitBytes = 4L * 1024 * 1024 * 1024;

    /// <summary>Everything that is wrong with a request, or null.</summary>
    public static Error? Check(CreateRun request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var errors = new FieldErrors();
        CheckWhat(request, errors);
        CheckTarget(request.Target, errors);
        CheckText(request.WorkingDirectory, "workingDirectory", errors);
        CheckEnvironment(request.Environment, errors);
        EnvironmentLimits.CheckNames(request.Environments, errors);
        errors.AddIf(request.Stdin is not null && request.StdinBase64 is not null, "stdin", "give stdin or stdinBase64, not both");
        if (request.StdinBase64 is not null && !System.Buffers.Text.Base64.IsValid(request.StdinBase64))
        {
            errors.Add("stdinBase64", "is not base64");
        }
        else
        {
            errors.AddIf(Stdin(request)?.Length > MaxStdinBytes, request.Stdin is null ? "stdinBase64" : "stdin", $"standard input is over {MaxStdinBytes} bytes");
        }

        errors.AddIf(request.Stdout is not (null or StreamLimits.Word), "stdout", $"is left out, or '{StreamLimits.Word}'");
        errors.AddIf(request.Stages is not null, "stages", "are for POST /pipelines");
        errors.AddIf(request.Supervision is not null, "supervision", "is for workloads: POST /workloads/apply");
        errors.AddIf(request.Sandbox is not null && (string.IsNullOrWhiteSpace(request.Sandbox) || request.Sandbox.Length > SandboxRules.MaxNameLength), "sandbox", "is not the name of a sandbox profile");
        if (request.RunAs is { } user && SandboxRules.CheckUser(user) is { } problem)
        {
            errors.Add("runAs", problem);
        }

        RunPlacement.Check(request.Placement, request, errors);
        CheckSeconds(request.TimeoutSeconds, "timeoutSeconds", errors);
        CheckSeconds(request.ExpiresInSeconds, "expiresInSeconds", errors);
        errors.AddIf(request.OutputLimitBytes is < 0 or > MaxOutputLimitBytes, "outputLimitBytes", $"must be 0 to {MaxOutputLimitBytes}");
        return errors.ToError();
    }

    /// <summary>Standard input as bytes, or null where there is none. The request must have passed <see cref="Check"/>, or have text alone.</summary>
    public static byte[]? Stdin(CreateRun request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.StdinBase64 is not null ? Convert.FromBase64String(request.StdinBase64)
            : request.Stdin is null or StreamLimits.Word ? null : Encoding.UTF8.GetBytes(request.Stdin);
    }

    /// <summary>The request as one line for people, at most 200 characters, none of which steers a terminal.</summary>
    public static string Summary(CreateRun request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var text = request.Command ?? (request.Argv is not null ? string.Join(' ', request.Argv) : request.Script) ?? "";
        text = text.Trim().ReplaceLineEndings("\n");
        if (text.StartsWith("#!", StringComparison.Ordinal) && text.Split('\n', 2) is [_, { Length: > 0 } body])
        {
            // Which interpreter it is tells less than what it does.
            text = body.TrimStart();
        }

        var line = text.Split('\n', 2)[0];

        // half of a surrogate pair is no text, and a database may refuse it
        var shortened = line.Length <= 199 ? line : line[..(char.IsHighSurrogate(line[198]) ? 198 : 199)];
        shortened = string.Create(shortened.Length, shortened, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = char.IsControl(from[i]) ? ' ' : from[i];
            }
        });
        return shortened.Length < text.Length ? shortened + "…" : shortened;
    }

    private static void CheckWhat(CreateRun request, FieldErrors errors)
    {
        var given = new[] { ("command", request.Command is not null), ("argv", request.Argv is not null), ("script", request.Script is not null) }
            .Where(g => g.Item2).Select(g => g.Item1).ToArray();
        if (given.Length != 1)
        {
            errors.Add(given.Length == 0 ? "command" : given[1], given.Length == 0
                ? "give one of command, argv and script"
                : $"give only one of command, argv and script; there are {string.Join(" and ", given)}");
        }

        if (request.Command is not null)
        {
            errors.AddIf(string.IsNullOrWhiteSpace(request.Command), "command", "is empty");
        }

        CheckText(request.Command, "command", errors);
        if (request.Argv is { } argv)
        {
            errors.AddIf(argv.Count == 0 || string.IsNullOrEmpty(argv[0]), "argv", "names no program");
            errors.AddIf(argv.Count > MaxArguments, "argv", $"has more than {MaxArguments} arguments");
            foreach (var argument in argv)
            {
                errors.AddIf(argument is null, "argv", "has an argument that is null");
                CheckText(argument, "argv", errors);
            }
        }

        if (request.Script is { } script)
        {
            errors.AddIf(string.IsNullOrWhiteSpace(script), "script", "is empty");
            errors.AddIf(Encoding.UTF8.GetByteCount(script) > MaxScriptBytes, "script", $"is over {MaxScriptBytes} bytes");
        }

        errors.AddIf(request.Interpreter is not null && request.Script is null, "interpreter", "goes with script alone");
        errors.AddIf(request.Interpreter is not null && string.IsNullOrWhiteSpace(request.Interpreter), "interpreter", "is empty");
        CheckText(request.Interpreter, "interpreter", errors);
    }

    private static void CheckTarget(RunTarget? target, FieldErrors errors)
    {
        if (target is null || (!target.All && target.Selector is null && target.Devices is not { Count: > 0 }))
        {
            errors.Add("target", "names no device: give devices, a selector, or all");
            return;
        }

        errors.AddIf(target.Devices?.Count > MaxNamedDevices, "target.devices", $"names more than {MaxNamedDevices} devices; use a selector");
        errors.AddIf(target.Devices?.Any(string.IsNullOrWhiteSpace) == true, "target.devices", "has an empty name");
        errors.AddIf(target.Selector is not null && string.IsNullOrWhiteSpace(target.Selector), "target.selector", "is empty; to aim at every device say all");
        if (target.Selector is not null && Selector.Parse(target.Selector) is { Error: { } problem })
        {
            errors.Add("target.selector", problem.Detail);
        }
    }

    internal static void CheckEnvironment(IReadOnlyDictionary<string, string>? environment, FieldErrors errors)
    {
        errors.AddIf(environment?.Count > MaxVariables, "environment", $"has more than {MaxVariables} variables");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            errors.AddIf(name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal),
                "environment", $"'{name}' is not a name of a variable");
            errors.AddIf(value is null, "environment", $"'{name}' has no value");
            CheckText(value, "environment", errors);
        }
    }

    private static void CheckSeconds(double? seconds, string field, FieldErrors errors) =>
        errors.AddIf(seconds is { } s && !(s > 0 && s <= MaxSeconds), field, $"must be over 0 and at most {MaxSeconds} seconds");

    internal static void CheckText(string? text, string field, FieldErrors errors)
    {
        errors.AddIf(text?.Contains('\0', StringComparison.Ordinal) == true, field, "has a NUL character");
        errors.AddIf(text is not null && Encoding.UTF8.GetByteCount(text) > MaxCommandBytes, field, $"is over {MaxCommandBytes} bytes");
    }
}
