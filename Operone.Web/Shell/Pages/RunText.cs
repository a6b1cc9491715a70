using System.Globalization;
using System.Text;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;

namespace Operone.Web.Shell.Pages;

/// <summary>A run as the command line and the API take it.</summary>
internal static class RunText
{
    public static string Command(CreateRun request)
    {
        var text = new StringBuilder("operone run");
        if (request.Target is { } target)
        {
            Add(text, "-l", target.Selector);
            foreach (var device in target.Devices ?? [])
            {
                Add(text, "-d", device);
            }

            text.Append(target.All ? " --all" : "").Append(target.OnlyPermitted ? " --only-permitted" : "");
        }

        if (request.Placement is { } placement)
        {
            Add(text, "--any", placement.Count?.ToString(CultureInfo.InvariantCulture));
            Add(text, "--cpu", placement.Needs is { CpuMillis: > 0 } cpu ? Core.Devices.Resources.Cores(cpu.CpuMillis) : null);
            Add(text, "--memory", placement.Needs is { MemoryBytes: > 0 } memory ? memory.MemoryBytes.ToString(CultureInfo.InvariantCulture) : null);
            Add(text, "--disk", placement.Needs is { DiskBytes: > 0 } disk ? disk.DiskBytes.ToString(CultureInfo.InvariantCulture) : null);
            Add(text, "--spread", placement.SpreadOver);
            foreach (var preference in placement.Prefer ?? [])
            {
                Add(text, "--prefer", preference);
            }

            Add(text, "--exclude", placement.Exclude is { Count: > 0 } exclude ? string.Join(',', exclude) : null);
            Add(text, "--strategy", placement.Strategy == PlacementStrategy.Pack ? "pack" : placement is { Count: null, Needs: null } ? "spread" : null);
        }

        Add(text, "--sandbox", request.Sandbox);
        Add(text, "--run-as", request.RunAs);
        Add(text, "--cwd", request.WorkingDirectory);
        foreach (var environment in request.Environments ?? [])
        {
            Add(text, "--environment", environment);
        }

        foreach (var (name, value) in request.Environment ?? new Dictionary<string, string>())
        {
            Add(text, "--env", $"{name}={value}");
        }

        Add(text, "--timeout", Seconds(request.TimeoutSeconds));
        Add(text, "--expires", Seconds(request.ExpiresInSeconds));
        Add(text, "--output-limit", request.OutputLimitBytes?.ToString(CultureInfo.InvariantCulture));
        var input = request.Stdin is { Length: > 0 } stdin ? $"printf %s {ShellText.Quote(stdin)} | " : "";
        if (request.Script is { } script)
        {
            Add(text, "--interpreter", request.Interpreter);
            return $"{text} --script - <<'END'\n{script.TrimEnd('\n')}\nEND";
        }

        text.Append(" -- ").AppendJoin(' ', (request.Argv ?? [request.Command ?? ""]).Select(ShellText.Quote));
        return input + text;
    }

    public static string Pipe(CreatePipeline request)
    {
        var text = new StringBuilder("operone pipe");
        Add(text, "--sandbox", request.Sandbox);
        foreach (var environment in request.Environments ?? [])
        {
            Add(text, "--environment", environment);
        }

        Add(text, "--timeout", Seconds(request.TimeoutSeconds));
        foreach (var stage in request.Stages ?? [])
        {
            text.Append(' ').Append(ShellText.Quote($"{stage.Device}: {stage.Command ?? string.Join(' ', (stage.Argv ?? []).Select(ShellText.Quote))}"));
        }

        return text.ToString();
    }

    /// <summary>The pipeline that a run is.</summary>
    public static CreatePipeline Pipeline(CreateRun request) => new()
    {
        Stages = request.Stages,
        TimeoutSeconds = request.TimeoutSeconds,
        OutputLimitBytes = request.OutputLimitBytes,
        Sandbox = request.Sandbox,
        Environments = request.Environments,
        Stdin = request.Stdin,
    };

    public static string Call(CreatePipeline request, string baseUri) => ShellText.Curl("POST", baseUri.TrimEnd('/') + "/api/v1/pipelines", request);

    public static string Call(CreateRun request, string baseUri) => ShellText.Curl("POST", baseUri.TrimEnd('/') + "/api/v1/runs", request);

    private static string? Seconds(double? seconds) => seconds is { } s ? s.ToString("0.###", CultureInfo.InvariantCulture) + "s" : null;

    private static void Add(StringBuilder text, string option, string? value)
    {
        if (value is not null)
        {
            text.Append(' ').Append(option).Append(' ').Append(ShellText.Quote(value));
        }
    }
}
