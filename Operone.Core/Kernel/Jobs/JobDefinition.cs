using System.Text.Json.Serialization;
using Operone.Core.Devices;

namespace Operone.Core.Kernel.Jobs;

/// <summary>What may be typed into a parameter.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobParameterType>))]
public enum JobParameterType
{
    /// <summary>Text.</summary>
    [JsonStringEnumMemberName("string")] Text = 0,
    /// <summary>A decimal number.</summary>
    [JsonStringEnumMemberName("number")] Number = 1,
    /// <summary><c>true</c> or <c>false</c>.</summary>
    [JsonStringEnumMemberName("boolean")] Boolean = 2,
    /// <summary>One of <see cref="JobParameter.Choices"/>.</summary>
    [JsonStringEnumMemberName("choice")] Choice = 3,
    /// <summary>Text that is stored sealed, is never given back, and is masked in outputs.</summary>
    [JsonStringEnumMemberName("secret")] Secret = 4,
}

/// <summary>What happens when a job is to run while it runs already.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobConcurrency>))]
public enum JobConcurrency
{
    /// <summary>Both run.</summary>
    [JsonStringEnumMemberName("allow")] Allow = 0,
    /// <summary>The new one is refused.</summary>
    [JsonStringEnumMemberName("forbid")] Forbid = 1,
    /// <summary>The one that runs is cancelled, and the new one begins when it has ended.</summary>
    [JsonStringEnumMemberName("replace")] Replace = 2,
}

/// <summary>A job: commands with a name, that are run again and again. Written in the console, as JSON, or as YAML.</summary>
public sealed record JobDefinition
{
    /// <summary>Its name, unique without regard to case: 1 to 63 letters, digits, '.', '_' and '-', beginning with a letter or digit.</summary>
    public string? Name { get; init; }
    /// <summary>What it is for; up to 2,000 characters.</summary>
    public string? Description { get; init; }
    /// <summary>What is asked for when it is run; at most 50.</summary>
    public IReadOnlyList<JobParameter>? Parameters { get; init; }
    /// <summary>On which devices it runs. Without one, whoever runs it says so.</summary>
    public RunTarget? Target { get; init; }
    /// <summary>Lets Operone choose among the devices of the target, and reserves there what its commands need.</summary>
    public JobPlacement? Placement { get; init; }
    /// <summary>The names of environments whose variables all its commands get, as runs have them.</summary>
    public IReadOnlyList<string>? Environments { get; init; }
    /// <summary>The name of the sandbox profile that holds its commands.</summary>
    public string? Sandbox { get; init; }
    /// <summary>The user on the devices.</summary>
    public string? RunAs { get; init; }
    /// <summary>Its limits.</summary>
    public JobLimits? Limits { get; init; }
    /// <summary>How often a step that fails on a device is tried again there.</summary>
    public JobRetries? Retries { get; init; }
    /// <summary>How long the whole may take, as a duration such as <c>90m</c>; by default without end.</summary>
    public string? Timeout { get; init; }
    /// <summary>What happens when it runs already; by default both run.</summary>
    public JobConcurrency? Concurrency { get; init; }
    /// <summary>Somebody else's yes before it begins.</summary>
    public JobApproval? Approval { get; init; }
    /// <summary>In which order and how many devices at a time; by default all at once.</summary>
    public JobRollout? Rollout { get; init; }
    /// <summary>Who is told of its runs; by default webhooks alone that are filtered for them.</summary>
    public JobNotify? Notify { get; init; }
    /// <summary>What it does, in order; 1 to 50.</summary>
    public IReadOnlyList<JobStep>? Steps { get; init; }
}

/// <summary>What is asked for when a job is run. Commands get it as an environment variable, or as a whole argument.</summary>
public sealed record JobParameter
{
    /// <summary>Its name: a small letter, then up to 62 small letters, digits, '_' and '-'.</summary>
    public string? Name { get; init; }
    /// <summary>What it is for; up to 500 characters.</summary>
    public string? Description { get; init; }
    /// <summary>What may be typed into it; text unless told.</summary>
    public JobParameterType? Type { get; init; }
    /// <summary>What it is where nothing is given. A secret has none.</summary>
    [JsonConverter(typeof(ScalarText))]
    public string? Default { get; init; }
    /// <summary>Of a choice: what there is to choose.</summary>
    [JsonConverter(typeof(ScalarTexts))]
    public IReadOnlyList<string>? Choices { get; init; }
    /// <summary>A regular expression that the whole text must match; without look-around and back-references.</summary>
    public string? Pattern { get; init; }
    /// <summary>Whether it must be given where it has no default.</summary>
    public bool? Required { get; init; }
    /// <summary>The environment variable that commands get it by; by default <c>PARAM_</c> and its name in capitals, with '_' for '-'.</summary>
    public string? Variable { get; init; }
}

/// <summary>The limits of a job's commands.</summary>
public sealed record JobLimits
{
    /// <summary>How much output each command keeps on each device, as a size such as <c>16MiB</c>.</summary>
    public string? Output { get; init; }
    /// <summary>How long a command waits for a device that is offline, and the run for room, as a duration; by default an hour.</summary>
    public string? Wait { get; init; }
}

/// <summary>How often something that failed is tried again. One that was lost may have run, and is not tried again.</summary>
public sealed record JobRetries
{
    /// <summary>How often, 1 to 20.</summary>
    public int? Count { get; init; }
    /// <summary>How long to wait before the first time, as a duration of at most a day; by default 10 seconds.</summary>
    public string? Pause { get; init; }
    /// <summary>By how much each pause is longer than the one before, 1 to 10; by default 2. No pause is longer than a day.</summary>
    public double? Growth { get; init; }
}

/// <summary>That somebody else has to say yes: who may run the job on all its devices, and did not ask for it.</summary>
public sealed record JobApproval
{
    /// <summary>What they should look at; up to 500 characters.</summary>
    public string? Message { get; init; }
    /// <summary>How long they have, as a duration; by default 24 hours.</summary>
    public string? Wait { get; init; }
}

/// <summary>In which order, and how many devices at a time.</summary>
public sealed record JobRollout
{
    /// <summary>The label by whose value devices come, those without it last; then by name.</summary>
    public string? OrderBy { get; init; }
    /// <summary>How many devices come first, alone.</summary>
    public int? Canary { get; init; }
    /// <summary>How many devices are in a batch: a number, or per cent of all such as <c>25%</c>. By default all are one batch.</summary>
    [JsonConverter(typeof(ScalarText))]
    public string? Batch { get; init; }
    /// <summary>How long to wait after the canaries and after each batch, as a duration.</summary>
    public string? Pause { get; init; }
    /// <summary>How many devices of a batch are at work at the same time, at most.</summary>
    public int? AtOnce { get; init; }
    /// <summary>
    /// After how many failed devices no more begin: a number, or per cent of all such as <c>10%</c>. By default after the first where
    /// there are canaries or batches, and never otherwise.
    /// </summary>
    [JsonConverter(typeof(ScalarText))]
    public string? StopAfter { get; init; }
}

/// <summary>A file that is put on each device: written beside its place, and then renamed over what is there. Devices with a Unix shell.</summary>
public sealed record JobFile
{
    /// <summary>Its absolute path. The folder must be there.</summary>
    public string? Path { get; init; }
    /// <summary>What is in it, at most 1 MiB in UTF-8.</summary>
    public string? Content { get; init; }
    /// <summary>Its permissions as octal digits; by default <c>0644</c>.</summary>
    [JsonConverter(typeof(ScalarText))]
    public string? Mode { get; init; }
}

/// <summary>
/// A step of a job: exactly one of command, argv, script and file, which each device does by itself, and of pipeline, job, webhook and approval, which are done
/// once, when every device has come to it.
/// </summary>
public sealed record JobStep
{
    /// <summary>What people call it; up to 100 characters.</summary>
    public string? Name { get; init; }
    /// <summary>A command line for each device's shell. Parameters are in its environment.</summary>
    public string? Command { get; init; }
    /// <summary>
    /// A program and its arguments, started without a shell. An argument that is <c>{{name}}</c> and nothing else is the parameter's value; where the
    /// parameter has none, the argument is left out.
    /// </summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>The text of a script, at most 1 MiB. Parameters are in its environment.</summary>
    public string? Script { get; init; }
    /// <summary>The program that gets the script's file as its last argument.</summary>
    public string? Interpreter { get; init; }
    /// <summary>A file to place.</summary>
    public JobFile? File { get; init; }
    /// <summary>An absolute path; by default the home of the agent's user.</summary>
    public string? WorkingDirectory { get; init; }
    /// <summary>Variables of this step besides its environments; parameters win over them.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
    /// <summary>How long it may take on each device, or the whole of what it calls, as a duration.</summary>
    public string? Timeout { get; init; }
    /// <summary>How often it is tried again; instead of the job's, which is not for what is done once. A webhook is tried for a day as ever.</summary>
    public JobRetries? Retries { get; init; }
    /// <summary>A pipeline across devices. All of them must be connected.</summary>
    public JobPipeline? Pipeline { get; init; }
    /// <summary>Another job to run.</summary>
    public JobCall? Job { get; init; }
    /// <summary>A webhook to call. The step ends when its receiver has taken it.</summary>
    public JobWebhook? Webhook { get; init; }
    /// <summary>Waits for somebody else's yes before the steps after it.</summary>
    public JobApproval? Approval { get; init; }
}
