using System.Reflection;
using System.Text;
using System.Text.Json;
using CsCheck;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Documents;
using Xunit;

namespace Operone.Tests.Web.Kernel.Jobs;

/// <summary>Jobs as YAML and JSON: what is read, where it is told to be wrong, what comes back, and what hostile texts cannot do.</summary>
public sealed class JobDocumentTests
{
    private const string Whole = """
        name: deploy
        description: |
          Puts a version on the web servers.
          Twice a week.
        parameters:
          - name: version
            type: string
            default: 1.10
            pattern: '[0-9.]+'
          - name: mode
            type: choice
            choices: [yes, no, 5]
        target: {selector: role=web}
        environments: [prod]
        concurrency: forbid
        timeout: 90m
        retries: {count: 2, pause: 5s, growth: 1.5}
        rollout: {canary: 1, batch: 25%, pause: 30, stopAfter: 2, orderBy: zone}
        steps:
          - name: Stop
            argv: [systemctl, stop, web]
          - script: |
              #!/bin/sh
              set -e
              fetch "$PARAM_VERSION"
            environment: {A: yes, B: 1.0}
          - approval: {message: Look at the canary}
          - command: systemctl start web
            timeout: 30s
        """;

    [Fact]
    public void Check_WholeDocument_IsReadAsWritten()
    {
        var read = JobDocument.Check(Whole);
        Assert.Empty(read.Problems);
        var job = read.Definition!;
        Assert.Equal("Puts a version on the web servers.\nTwice a week.\n", job.Description);
        Assert.Equal("1.10", job.Parameters![0].Default);
        Assert.Equal(["yes", "no", "5"], job.Parameters[1].Choices!);
        Assert.Equal(("role=web", JobConcurrency.Forbid, 1.5, "25%", "30"), (job.Target!.Selector, job.Concurrency, job.Retries!.Growth, job.Rollout!.Batch, job.Rollout.Pause));
        Assert.Equal(("yes", "1.0"), (job.Steps![1].Environment!["A"], job.Steps[1].Environment!["B"]));
        Assert.Equal("#!/bin/sh\nset -e\nfetch \"$PARAM_VERSION\"\n", job.Steps[1].Script);
        Assert.Equal("Look at the canary", job.Steps[2].Approval!.Message);
    }

    [Theory]
    [InlineData("name: a\nsteps:\n  - comand: x\n", "steps[0].comand", 3, 5)]
    [InlineData("name: a\nSteps: []\n", "Steps", 2, 1)]
    [InlineData("name: a\nname: b\n", "", 2, 1)]
    [InlineData("name: [a]\nsteps: [{command: x}]\n", "name", 1, 7)]
    [InlineData("name: a\nsteps: {command: x}\n", "steps", 2, 8)]
    [InlineData("name: a\nconcurrency: Allow\nsteps: [{command: x}]\n", "concurrency", 2, 14)]
    [InlineData("name: a\nrollout: {canary: '1'}\nsteps: [{command: x}]\n", "rollout.canary", 2, 19)]
    [InlineData("name: a\nsteps:\n  - command: x\n    timeout: soon\n", "steps[0].timeout", 4, 5)]
    [InlineData("name: a\nsteps: [*b]\n", "", 2, 9)]
    [InlineData("name: a\nsteps: &b [{command: x}]\n", "", 2, 8)]
    [InlineData("name: !!binary a\n", "", 1, 7)]
    [InlineData("name: a\n---\nname: b\n", "", 2, 1)]
    [InlineData("name: \"a\nsteps\n", "", 1, 7)]
    [InlineData("{\"name\": \"a\",\n \"steps\": [{\"command\": \"x\", \"x\": 1}]}", "steps[0].x", 2, 29)]
    [InlineData("{\"name\": \"a\",\n \"name\": \"b\"}", "", 2, 2)]
    public void Check_Problem_IsToldWithItsLineAndColumn(string text, string place, int line, int column)
    {
        var problem = JobDocument.Check(text).Problems[0];
        Assert.Equal((place, line, column), (problem.Place, problem.Line, problem.Column));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("---\n...\n")]
    [InlineData("~")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("- - - - a")]
    [InlineData("\0")]
    [InlineData("{\"name\": \"\\ud800\"}")]
    [InlineData("name: \"\\uD800\"\nsteps: [{command: x}]")]
    [InlineData("%YAML 9.9\n---\nname: a")]
    [InlineData("? {a: b}\n: c")]
    [InlineData("\t- a")]
    public void Check_NoJob_SaysSo(string text) => Assert.NotEmpty(JobDocument.Check(text).Problems);

    [Fact]
    public void Check_Hostile_IsRefusedSoon()
    {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"b{i}: &b{i} [{string.Join(',', Enumerable.Repeat(i == 1 ? "*a" : $"*b{i - 1}", 9))}]\n"));
        foreach (var text in new[]
        {
            bomb, new string('[', 100_000), new string('{', 100_000), string.Concat(Enumerable.Repeat("- ", 50_000)), string.Concat(Enumerable.Repeat("{\"a\":", 50_000)),
            "name: a\nsteps: [" + string.Concat(Enumerable.Repeat("{command: x},", 100_000)) + "]", "name: " + new string('a', JobRules.MaxDocumentBytes + 1),
            string.Concat(Enumerable.Range(0, 30_000).Select(i => $"k{i}: v\n")), "name: '" + new string('\'', 500_001), string.Concat(Enumerable.Repeat("!", 200_000)),
            "x: |\n" + string.Concat(Enumerable.Repeat(" \n", 200_000)), string.Concat(Enumerable.Repeat("? ", 30_000)),
        })
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.NotEmpty(JobDocument.Check(text).Problems);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500_000_000);
        }
    }

    [Fact]
    public void Check_AnyText_NeverThrows() =>
        Gen.OneOf(Gen.String[0, 80], Gen.Char["-[]{}:,&*!|>'\"%@#?\n \tab1~\\."].Array[0, 60].Select(c => new string(c)))
            .Sample(text => { _ = JobDocument.Check(text); }, iter: 20_000);

    [Fact]
    public void Write_AnyJob_ReadsBackTheSame() => Jobs.Sample(
        job =>
        {
            var yaml = YamlWriter.Write(job);
            var read = Read(YamlReader.Read(yaml));
            var json = Read(JsonReader.Read(JobDocument.ToJson(job).ToJsonString()));
            return Text(job) == Text(read) && Text(job) == Text(json) && yaml == YamlWriter.Write(read);
        }, iter: 3_000);

    [Fact]
    public void Write_WholeDocument_LooksAsPeopleWriteIt()
    {
        var yaml = YamlWriter.Write(JobDocument.Check(Whole).Definition!);
        Assert.Contains("  - script: |\n      #!/bin/sh\n      set -e\n", yaml, StringComparison.Ordinal);
        Assert.Contains("    default: \"1.10\"\n", yaml, StringComparison.Ordinal);
        Assert.Contains("  selector: role=web\n", yaml, StringComparison.Ordinal);
        Assert.Empty(JobDocument.Check(yaml).Problems);
    }

    [Fact]
    public void Shape_AndModel_HaveTheSameFields() => Compare(JobShape.Job, typeof(JobDefinition), "job");

    [Fact]
    public void WorkloadShape_AndModel_HaveTheSameFields() => Compare(Operone.Web.Kernel.Workloads.WorkloadDocument.Workload, typeof(Operone.Core.Kernel.Workloads.WorkloadDefinition), "workload");

    [Fact]
    public void Schema_IsServedAsItsShapeReads()
    {
        var schema = JobShape.Schema();
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", (string?)schema["$schema"]);
        Assert.Equal(["command", "argv", "script", "file", "pipeline", "job", "webhook", "approval"], schema["properties"]!["steps"]!["items"]!["oneOf"]!.AsArray().Select(o => (string)o!["required"]![0]!));
        Assert.False((bool)schema["additionalProperties"]!);
    }

    private static void Compare(ObjectShape shape, Type model, string place)
    {
        var fields = model.GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name));
        Assert.True(fields.Keys.Order(StringComparer.Ordinal).SequenceEqual(shape.Fields.Keys.Order(StringComparer.Ordinal)), $"{place}: {string.Join(", ", fields.Keys.Except(shape.Fields.Keys).Concat(shape.Fields.Keys.Except(fields.Keys)))}");
        foreach (var (name, inner) in shape.Fields)
        {
            var type = Nullable.GetUnderlyingType(fields[name].PropertyType) ?? fields[name].PropertyType;
            if (inner is ListShape { Item: ObjectShape item })
            {
                Compare(item, type.GetGenericArguments()[0], $"{place}.{name}");
            }
            else if (inner is ObjectShape map)
            {
                Compare(map, type, $"{place}.{name}");
            }
            else
            {
                var fits = inner switch
                {
                    NumberShape number => type == (number.IsWhole ? typeof(int) : typeof(double)),
                    TruthShape => type == typeof(bool),
                    ListShape { Item: TextShape { Words: not null } } => type == typeof(IReadOnlyList<JobNews>),
                    ListShape => type == typeof(IReadOnlyList<string>),
                    MapShape => type == typeof(IReadOnlyDictionary<string, string>),
                    TextShape { Words: { } words } => type.IsEnum && Enum.GetValues(type).Cast<object>().Select(v => JsonSerializer.Serialize(v, type).Trim('"')).SequenceEqual(words),
                    _ => type == typeof(string),
                };
                Assert.True(fits, $"{place}.{name} is {type.Name} in the model");
            }
        }
    }

    private static string Text(JobDefinition job) => JsonSerializer.Serialize(job, OperoneJson.Default.JobDefinition);

    private static JobDefinition Read(DocumentNode node)
    {
        var reading = new ShapeReading();
        var json = JobShape.Job.Read(node, "", reading);
        Assert.Empty(reading.Problems);
        return json.Deserialize(OperoneJson.Default.JobDefinition)!;
    }

    // texts that YAML has a way of taking for something else
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.OneOf(new[] { "yes", "no", "null", "~", "", "1.10", "0x1F", "1e3", "- a", "a: b", "a #b", "#!/bin/sh\nset -e\n\necho\n", " leading", "trailing ", "\n", "a\n\n", "a\n", "a\n  b\n\tc", "'", "\"", "|",
            "%a", "@b", "`", "*c", "&d", "!e", "? f", "[g", "{h", "\u0085", "\u2028x", "é😀", "a\\b", "a\r\nb", "a\n \nb", "---", "...", "<<", "=", "2026-01-01", "12:30:45", "\ufeff", "a\n\ufeffb" }.Select(Gen.Const).ToArray()),
        Gen.Char["-[]{}:,&*!|>'\"%@#?\n \tab1~\\.é"].Array[0, 30].Select(c => new string(c)),
        Gen.String[0, 20].Select(s => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(s))));

    private static readonly Gen<JobStep> Steps = Gen.Select(Texts, Texts, Texts.List[0, 4], Gen.Dictionary(Texts, Texts)[0, 3], Gen.Bool).Select((name, script, argv, environment, isScript) => new JobStep
    {
        Name = name,
        Script = isScript ? script : null,
        Argv = isScript ? null : argv,
        Environment = environment,
        Approval = isScript ? new() { Message = script } : null,
        File = isScript ? null : new() { Path = name, Content = script, Mode = "0600" },
        Pipeline = isScript ? null : new() { Stages = [new() { Device = name, Argv = argv, Environment = environment }, new() { Command = script }] },
        Job = isScript ? new() { Name = name, Parameters = environment, Target = new RunTarget(argv) } : null,
        Webhook = isScript ? new() { Name = script, Data = environment } : null,
    });

    private static readonly Gen<JobDefinition> Jobs = Gen.Select(Texts, Texts, Texts.List[0, 3], Steps.List[0, 4], Gen.Int[1, 20], Gen.Double[1, 10], Gen.Bool).Select(
        (name, description, choices, steps, count, growth, flag) => new JobDefinition
        {
            Name = name,
            Description = description,
            Parameters = [new() { Name = name, Type = JobParameterType.Choice, Default = description, Choices = choices, Required = flag }],
            Target = flag ? new RunTarget(choices, description, false, true) : null,
            Retries = new() { Count = count, Growth = growth },
            Concurrency = flag ? JobConcurrency.Replace : null,
            Rollout = new() { Batch = name },
            Notify = flag ? new() { Webhooks = choices, On = [JobNews.Failed, JobNews.Approval] } : null,
            Steps = steps,
        });
}
