using Operone.Core.Devices;
using Operone.Core.Errors;

namespace Operone.Core.Shell;

/// <summary>A stage of a pipeline: one command on one device. Exactly one of command and argv.</summary>
public sealed record PipelineStage
{
    /// <summary>The device's id or name.</summary>
    public string? Device { get; init; }
    /// <summary>A command line for the device's shell.</summary>
    public string? Command { get; init; }
    /// <summary>A program and its arguments, started without a shell.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>An absolute path; by default the home of the agent's user.</summary>
    public string? WorkingDirectory { get; init; }
    /// <summary>Variables besides the documented base and the environments; these win.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
}

/// <summary>What <c>POST /api/v1/pipelines</c> takes: each stage's standard output is the next one's standard input.</summary>
public sealed record CreatePipeline
{
    /// <summary>The stages in order, 2 to 16. Two may be on one device.</summary>
    public IReadOnlyList<PipelineStage>? Stages { get; init; }
    /// <summary>How long each stage may take, in seconds; by default without end.</summary>
    public double? TimeoutSeconds { get; init; }
    /// <summary>How many bytes of output are kept for each stage; 0 to 4 GiB, by default 16 MiB.</summary>
    public long? OutputLimitBytes { get; init; }
    /// <summary>The name of the sandbox profile that holds all stages.</summary>
    public string? Sandbox { get; init; }
    /// <summary>The names of environments whose variables all stages get.</summary>
    public IReadOnlyList<string>? Environments { get; init; }
    /// <summary>The word <c>stream</c>: the first stage's standard input is put to its execution afterwards. By default it is empty.</summary>
    public string? Stdin { get; init; }
}

/// <summary>The limits of a pipeline, and the check of a request against them.</summary>
public static class PipelineLimits
{
    /// <summary>The fewest stages.</summary>
    public const int MinStages = 2;
    /// <summary>The most stages.</summary>
    public const int MaxStages = 16;

    /// <summary>Everything that is wrong with a request, or null.</summary>
    public static Error? Check(CreatePipeline request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var errors = new FieldErrors();
        var stages = request.Stages ?? [];
        errors.AddIf(stages.Count is < MinStages or > MaxStages, "stages", $"must be {MinStages} to {MaxStages}");
        errors.AddIf(request.Stdin is not (null or StreamLimits.Word), "stdin", $"is left out, or '{StreamLimits.Word}'");
        for (var i = 0; i < stages.Count && i < MaxStages; i++)
        {
            if (stages[i] is not { } stage)
            {
                errors.Add($"stages[{i}]", "is null");
                continue;
            }

            errors.AddIf(string.IsNullOrWhiteSpace(stage.Device), $"stages[{i}].device", "names no device");
            errors.Add(RunLimits.Check(Run(stage)), $"stages[{i}].");
        }

        errors.Add(RunLimits.Check(Run(new PipelineStage { Command = "true" }) with
        {
            TimeoutSeconds = request.TimeoutSeconds,
            OutputLimitBytes = request.OutputLimitBytes,
            Sandbox = request.Sandbox,
            Environments = request.Environments,
        }), "");
        return errors.ToError();
    }

    /// <summary>The pipeline as one line for people.</summary>
    public static string Summary(CreatePipeline request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var stages = (request.Stages ?? []).Select(s => $"{s?.Device}: {(s is null ? "" : RunLimits.Summary(Run(s)))}");
        return RunLimits.Summary(new CreateRun { Command = string.Join(" | ", stages) });
    }

    private static CreateRun Run(PipelineStage stage) => new()
    {
        Command = stage.Command,
        Argv = stage.Argv,
        WorkingDirectory = stage.WorkingDirectory,
        Environment = stage.Environment,
        Target = new RunTarget(All: true),
    };
}
