using System.Text.Json.Nodes;
using Operone.Core.Kernel.Jobs;
using Operone.Core.Shell;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>What a job's document looks like. A test holds it in step with <see cref="JobDefinition"/>.</summary>
internal static class JobShape
{
    /// <summary>Where the API serves the schema, always.</summary>
    public const string SchemaPath = "/api/v1/schemas/job.json";

    // a step has exactly one of them
    private static readonly string[] Kinds = ["command", "argv", "script", "file", "pipeline", "job", "webhook", "approval"];

    private const string DurationPattern = "^[0-9.]+ ?(ms|s|m|h|d)?( ?[0-9.]+ ?(ms|s|m|h))*$";

    private static readonly ObjectShape Retries = new("How often something that failed is tried again. What was lost may have run, and is not.", new Dictionary<string, Shape>
    {
        ["count"] = new NumberShape("How often.", 1, JobRules.MaxRetries),
        ["pause"] = Duration("How long to wait before the first time; by default 10s."),
        ["growth"] = new NumberShape("By how much each pause is longer than the one before; by default 2. None is longer than a day.", 1, 10, IsWhole: false),
    }, "count");

    private static readonly ObjectShape Approval = new("Somebody else's yes: of one who may run the job on all its devices, and did not ask for it.", new Dictionary<string, Shape>
    {
        ["message"] = new TextShape("What they should look at."),
        ["wait"] = Duration("How long they have; by default 24h."),
    });

    private static readonly ObjectShape Target = new("On which devices; without it whoever runs the job says so.", new Dictionary<string, Shape>
    {
        ["selector"] = new TextShape("A selector of labels, such as role=web,env!=test."),
        ["devices"] = new ListShape("Ids or names of devices.", new TextShape("An id or name.", IsScalar: true), RunLimits.MaxNamedDevices),
        ["all"] = new TruthShape("Every device."),
        ["onlyPermitted"] = new TruthShape("Leaves out the devices on which whoever runs it may not, instead of refusing."),
    });

    private static readonly ObjectShape Parameter = new("A parameter.", new Dictionary<string, Shape>
    {
        ["name"] = new TextShape("Its name.", Pattern: "^[a-z][a-z0-9_-]{0,62}$"),
        ["description"] = new TextShape("What it is for."),
        ["type"] = new TextShape("What may be typed into it; text unless told.", ["string", "number", "boolean", "choice", "secret"]),
        ["default"] = new TextShape("What it is where nothing is given.", IsScalar: true),
        ["choices"] = new ListShape("Of a choice: what there is.", new TextShape("One of them.", IsScalar: true), JobParameters.MaxChoices),
        ["pattern"] = new TextShape("A regular expression for the whole text, without look-around and back-references."),
        ["required"] = new TruthShape("Whether it must be given where it has no default."),
        ["variable"] = new TextShape("The environment variable by which commands get it; by default PARAM_ and its name in capitals.", Pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$"),
    }, "name");

    private static readonly ObjectShape Stage = new("A stage: one command on one device; exactly one of command and argv. Parameters are in its environment.", new Dictionary<string, Shape>
    {
        ["device"] = new TextShape("The device's id or name.", IsScalar: true),
        ["command"] = new TextShape("A command line for the device's shell."),
        ["argv"] = new ListShape("A program and its arguments.", new TextShape("An argument.", IsScalar: true), RunLimits.MaxArguments),
        ["workingDirectory"] = new TextShape("An absolute path; by default the home of the agent's user."),
        ["environment"] = new MapShape("Variables of this stage.", new TextShape("A value.", IsScalar: true)),
    }, "device");

    private static readonly ObjectShape Step = new("A step: exactly one of command, argv, script and file, which each device does by itself, and of pipeline, job, webhook and approval, which are done once.", new Dictionary<string, Shape>
    {
        ["name"] = new TextShape("What people call it."),
        ["command"] = new TextShape("A command line for each device's shell. Parameters are in its environment."),
        ["argv"] = new ListShape("A program and its arguments, started without a shell. An argument that is {{name}} and nothing else is the parameter's value.",
            new TextShape("An argument.", IsScalar: true), RunLimits.MaxArguments),
        ["script"] = new TextShape("The text of a script. Parameters are in its environment."),
        ["interpreter"] = new TextShape("The program that gets the script's file as its last argument."),
        ["file"] = new ObjectShape("A file to place on each device, over what is there. Devices with a Unix shell.", new Dictionary<string, Shape>
        {
            ["path"] = new TextShape("Its absolute path. The folder must be there."),
            ["content"] = new TextShape("What is in it."),
            ["mode"] = new TextShape("Its permissions as octal digits; by default 0644.", Pattern: "^[0-7]{3,4}$", IsScalar: true),
        }, "path", "content"),
        ["workingDirectory"] = new TextShape("An absolute path; by default the home of the agent's user."),
        ["environment"] = new MapShape("Variables of this step.", new TextShape("A value.", IsScalar: true)),
        ["timeout"] = Duration("How long it may take on each device, or the whole of what it calls."),
        ["retries"] = Retries with { About = "How often it is tried again; instead of the job's. Not for a webhook, which is tried for a day as ever." },
        ["pipeline"] = new ObjectShape("A pipeline across devices: each stage's standard output is the next one's standard input.", new Dictionary<string, Shape>
        {
            ["stages"] = new ListShape("The stages in order.", Stage, PipelineLimits.MaxStages),
        }, "stages"),
        ["job"] = new ObjectShape("Another job to run. The step ends as that run does.", new Dictionary<string, Shape>
        {
            ["name"] = new TextShape("Its name."),
            ["parameters"] = new MapShape("Its parameters. One that is {{name}} and nothing else is this job's parameter.", new TextShape("A value.", IsScalar: true)),
            ["target"] = Target with { About = "On which devices, where it does not say so itself; by default on those of this run that have not failed." },
        }, "name"),
        ["webhook"] = new ObjectShape("A webhook to call. The step ends when its receiver has taken it.", new Dictionary<string, Shape>
        {
            ["name"] = new TextShape("Its name."),
            ["data"] = new MapShape("What it gets besides the job and its run. One that is {{name}} and nothing else is the parameter's value.", new TextShape("A text.", IsScalar: true)),
        }, "name"),
        ["approval"] = Approval with { About = "Waits for somebody else's yes before the steps after it." },
    });

    /// <summary>The whole.</summary>
    public static ObjectShape Job { get; } = new("A job of Operone.", new Dictionary<string, Shape>
    {
        ["name"] = new TextShape("Its name, unique.", Pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"),
        ["description"] = new TextShape("What it is for."),
        ["parameters"] = new ListShape("What is asked for when it is run.", Parameter, JobRules.MaxParameters),
        ["target"] = Target,
        ["placement"] = new ObjectShape("Lets Operone choose among the devices of the target, and reserves there what the commands need.", new Dictionary<string, Shape>
        {
            ["count"] = new NumberShape("How many devices: 1 is any one. Left out: all of the target.", 1, RunPlacement.MaxCount),
            ["needs"] = PlacementShapes.Needs("What its commands need on each device, and get no more of."),
            ["prefer"] = PlacementShapes.Prefer,
            ["spreadOver"] = new TextShape("The key of a label: the chosen devices are spread evenly over its values."),
            ["exclude"] = new ListShape("Ids or names of devices that are not to be chosen.", new TextShape("An id or name.", IsScalar: true), RunLimits.MaxNamedDevices),
            ["strategy"] = PlacementShapes.Strategy,
        }),
        ["environments"] = new ListShape("The names of environments whose variables its commands get.", new TextShape("A name."), EnvironmentLimits.MaxOfRun),
        ["sandbox"] = new TextShape("The name of the sandbox profile that holds its commands."),
        ["runAs"] = new TextShape("The user on the devices."),
        ["limits"] = new ObjectShape("Its limits.", new Dictionary<string, Shape>
        {
            ["output"] = new TextShape("How much output each command keeps on each device, such as 16MiB.", IsScalar: true),
            ["wait"] = Duration("How long a command waits for a device that is offline, and the run for room; by default 1h."),
        }),
        ["retries"] = Retries,
        ["timeout"] = Duration("How long the whole may take."),
        ["concurrency"] = new TextShape("What happens when it runs already: both run, the new one is refused, or the one that runs is cancelled.", ["allow", "forbid", "replace"]),
        ["approval"] = Approval,
        ["notify"] = new ObjectShape("Who is told of its runs, besides webhooks that are filtered for them.", new Dictionary<string, Shape>
        {
            ["webhooks"] = new ListShape("The names of webhooks, which may be mail and chat too.", new TextShape("A name."), 10),
            ["on"] = new ListShape("Of what; by default of what failed.", new TextShape("News.", ["succeeded", "failed", "cancelled", "approval"]), 4),
        }, "webhooks"),
        ["rollout"] = new ObjectShape("In which order, and how many devices at a time.", new Dictionary<string, Shape>
        {
            ["orderBy"] = new TextShape("The label by whose value devices come; those without it last."),
            ["canary"] = new NumberShape("How many devices come first, alone.", 1, RunLimits.MaxNamedDevices),
            ["batch"] = Share("How many devices are in a batch: a number, or per cent of all."),
            ["pause"] = Duration("How long to wait after the canaries and after each batch."),
            ["atOnce"] = new NumberShape("How many devices of a batch are at work at the same time.", 1, RunLimits.MaxNamedDevices),
            ["stopAfter"] = Share("After how many failed devices no more begin: a number, or per cent of all."),
        }),
        ["steps"] = new ListShape("What it does, in order.", Step, JobRules.MaxSteps),
    }, "name", "steps");

    /// <summary>The JSON Schema.</summary>
    public static JsonObject Schema()
    {
        var schema = Job.ToSchema();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "Operone job");
        var step = schema["properties"]!["steps"]!["items"]!.AsObject();
        step["oneOf"] = new JsonArray([.. Kinds.Select(f => (JsonNode)new JsonObject { ["required"] = new JsonArray(f) })]);
        return schema;
    }

    internal static TextShape Duration(string about) => new($"{about} A duration such as 30s, 5m or 1h30m.", Pattern: DurationPattern, IsScalar: true);

    private static TextShape Share(string about) => new(about, Pattern: "^[1-9][0-9]*%?$", IsScalar: true);
}
