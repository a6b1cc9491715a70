using System.Text.Json;
using System.Text.Json.Nodes;
using Operone.Core.Connection;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Workloads;

/// <summary>What a workload's document looks like, and how it is read and written. A test holds it in step with <see cref="WorkloadDefinition"/>.</summary>
internal static class WorkloadDocument
{
    /// <summary>Where the API serves the schema, always.</summary>
    public const string SchemaPath = "/api/v1/schemas/workload.json";

    /// <summary>The whole.</summary>
    public static ObjectShape Workload { get; } = new("A workload of Operone: a command that runs on and on. Exactly one of command and argv.", new Dictionary<string, Shape>
    {
        ["name"] = new TextShape("Its name, unique.", Pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"),
        ["description"] = new TextShape("What it is for."),
        ["command"] = new TextShape("A command line for the device's shell."),
        ["argv"] = new ListShape("A program and its arguments, started without a shell.", new TextShape("An argument.", IsScalar: true), RunLimits.MaxArguments),
        ["workingDirectory"] = new TextShape("An absolute path; by default the home of the agent's user."),
        ["environment"] = new MapShape("Variables of its own.", new TextShape("A value.", IsScalar: true)),
        ["environments"] = new ListShape("The names of environments whose variables it gets.", new TextShape("A name."), EnvironmentLimits.MaxOfRun),
        ["sandbox"] = new TextShape("The name of the sandbox profile that holds it."),
        ["runAs"] = new TextShape("The user on the devices."),
        ["output"] = new TextShape("How much output each instance keeps, such as 64MiB; by default 16MiB.", IsScalar: true),
        ["target"] = new ObjectShape("On which devices it may run.", new Dictionary<string, Shape>
        {
            ["selector"] = new TextShape("A selector of labels, such as role=web,env!=test."),
            ["devices"] = new ListShape("Ids or names of devices.", new TextShape("An id or name.", IsScalar: true), RunLimits.MaxNamedDevices),
            ["all"] = new TruthShape("Every device."),
            ["onlyPermitted"] = new TruthShape("Not for workloads."),
        }),
        ["count"] = new NumberShape("How many instances; left out: one on every device that the target means.", 0, WorkloadRules.MaxCount),
        ["perDevice"] = new NumberShape("With a count: how many instances a device may have; by default one.", 1, WorkloadRules.MaxPerDevice),
        ["needs"] = PlacementShapes.Needs("What each instance needs, and gets no more of."),
        ["prefer"] = PlacementShapes.Prefer,
        ["spreadOver"] = new TextShape("The key of a label: instances are spread evenly over its values."),
        ["strategy"] = PlacementShapes.Strategy,
        ["restart"] = new ObjectShape("When its device starts it again.", new Dictionary<string, Shape>
        {
            ["mode"] = new TextShape("When; by default always.", ["always", "on-failure", "never"]),
            ["pause"] = JobShape.Duration("The first pause; by default 1s. Each is twice the one before."),
            ["maxPause"] = JobShape.Duration("The longest pause; by default 5m."),
            ["stable"] = JobShape.Duration("One that ran this long begins with the first pause again; by default 1m."),
            ["max"] = new NumberShape("How often without having been stable, before it is tried elsewhere; by default 10.", 1, WorkloadRules.MaxRestarts),
        }),
        ["health"] = new ObjectShape("How its device asks whether it is well: exactly one of argv, tcp and http.", new Dictionary<string, Shape>
        {
            ["argv"] = new ListShape("A program and its arguments; exit code 0 is well.", new TextShape("An argument.", IsScalar: true), 100),
            ["tcp"] = new NumberShape("A port of the device's loopback that takes a connection.", 1, 65535),
            ["http"] = new TextShape("A URL on the device's loopback that answers 200 to 399."),
            ["interval"] = JobShape.Duration("How often; by default 10s."),
            ["timeout"] = JobShape.Duration("How long an answer may take; by default 5s."),
            ["failures"] = new NumberShape("After how many failures in a row it is started again; by default 3.", 1, 100),
            ["start"] = JobShape.Duration("For how long after a start failures do not count; by default 30s."),
        }),
        ["update"] = new ObjectShape("How a new version takes the place of the old one.", new Dictionary<string, Shape>
        {
            ["batch"] = new NumberShape("How many instances at a time; by default one.", 1, WorkloadRules.MaxCount),
            ["healthy"] = JobShape.Duration("How long an instance must be healthy before the next ones; by default 10s."),
            ["deadline"] = JobShape.Duration("How long an instance may take until then; by default 5m."),
            ["rollback"] = new TruthShape("Whether the version before comes back where an instance is not well; by default yes."),
        }),
        ["away"] = JobShape.Duration("How long a device may be away before its instances are moved; left out: they never are."),
        ["stopGrace"] = JobShape.Duration("How long an instance has to end before it is killed; by default 10s."),
    }, "name", "target");

    /// <summary>The workload, or everything that is wrong with the text.</summary>
    public static CheckedWorkload Check(string text)
    {
        var read = JobDocument.Read(text, Workload);
        if (read.Json is null)
        {
            return new(read.Problems);
        }

        var workload = read.Json.Deserialize(OperoneJson.Default.WorkloadDefinition)!;
        var problems = JobDocument.Place(WorkloadRules.Check(workload), read.Reading!);
        return problems.Count > 0 ? new(problems) : new([], workload);
    }

    /// <summary>A definition as JSON, in the order in which people read it.</summary>
    public static JsonObject ToJson(WorkloadDefinition workload)
    {
        var json = JsonSerializer.SerializeToNode(workload, OperoneJson.Default.WorkloadDefinition)!.AsObject();
        if (json["target"] is JsonObject target)
        {
            // what is not so is not said
            foreach (var (name, _) in target.Where(t => t.Value?.GetValueKind() == JsonValueKind.False).ToArray())
            {
                target.Remove(name);
            }
        }

        return json;
    }

    /// <summary>The same as YAML.</summary>
    public static string ToYaml(WorkloadDefinition workload, string? schema = null) => YamlWriter.Write(ToJson(workload), schema);

    /// <summary>The JSON Schema.</summary>
    public static JsonObject Schema()
    {
        var schema = Workload.ToSchema();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "Operone workload");
        schema["oneOf"] = new JsonArray(new JsonObject { ["required"] = new JsonArray("command") }, new JsonObject { ["required"] = new JsonArray("argv") });
        return schema;
    }
}
