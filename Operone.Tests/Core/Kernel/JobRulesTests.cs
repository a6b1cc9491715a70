using Operone.Core.Devices;
using Operone.Core.Kernel.Jobs;
using Xunit;

namespace Operone.Tests.Core.Kernel;

/// <summary>What a definition may say, and where it is told that it may not.</summary>
public sealed class JobRulesTests
{
    private static readonly JobDefinition Good = new() { Name = "deploy", Steps = [new() { Command = "true" }] };

    [Fact]
    public void Check_SmallestJob_IsRight() => Assert.Null(JobRules.Check(Good));

    [Fact]
    public void Check_ManyProblems_NamesEachPlace()
    {
        var error = JobRules.Check(new JobDefinition
        {
            Name = "-x",
            Timeout = "soon",
            Target = new RunTarget(Selector: "a in ("),
            Environments = ["a", "A"],
            Retries = new() { Count = 0, Growth = 11 },
            Rollout = new() { Batch = "0", StopAfter = "101%", Pause = "31d", Canary = 0, OrderBy = "a b" },
            Limits = new() { Output = "many" },
            Parameters = [new() { Name = "Bad" }, new() { Name = "v", Type = JobParameterType.Choice }, new() { Name = "v" }, new() { Name = "s", Type = JobParameterType.Secret, Default = "abcd" },
                new() { Name = "p", Pattern = "(?=x)" }, new() { Name = "path", Variable = "PATH" }, new() { Name = "n", Type = JobParameterType.Number, Default = "one" }],
            Steps = [new(), new() { Command = "a", Script = "b" }, new() { Approval = new() }],
        })!;
        Assert.Superset(
            new HashSet<string>
            {
                "name", "timeout", "target.selector", "environments", "retries.count", "retries.growth", "rollout.batch", "rollout.stopAfter", "rollout.pause", "rollout.canary",
                "rollout.orderBy", "limits.output", "parameters[0].name", "parameters[1].choices", "parameters[2].name", "parameters[3].default", "parameters[4].pattern",
                "parameters[5].variable", "parameters[6].default", "steps[0]", "steps[1].script", "steps[2].approval",
            }, error.Fields!.Keys.ToHashSet());
    }

    [Theory]
    [InlineData("echo {{name}}", null, null, "steps[0].command")]
    [InlineData(null, "#!/bin/sh\necho {{name}}", null, "steps[0].script")]
    [InlineData(null, null, "echo,a{{name}}", "steps[0].argv[1]")]
    [InlineData(null, null, "{{name}}", "steps[0].argv[0]")]
    [InlineData(null, null, "echo,{{other}}", "steps[0].argv[1]")]
    [InlineData(null, null, "echo,{{secret}}", "steps[0].argv[1]")]
    public void Check_ParameterGluedIntoSomething_IsRefused(string? command, string? script, string? argv, string place)
    {
        var job = Good with
        {
            Parameters = [new() { Name = "name" }, new() { Name = "secret", Type = JobParameterType.Secret }],
            Steps = [new() { Command = command, Script = script, Argv = argv?.Split(',') }],
        };
        Assert.Equal([place], JobRules.Check(job)!.Fields!.Keys);
    }

    [Fact]
    public void Fill_WholeArguments_ArePutInAndThoseWithoutValueLeftOut()
    {
        var bound = new BoundParameters(new Dictionary<string, string> { ["name"] = "a b; rm -rf /" }, new Dictionary<string, string>());
        Assert.Equal(["echo", "a b; rm -rf /", "{{.Format}}"], JobParameters.Fill(["echo", "{{name}}", "{{none}}", "{{.Format}}"], bound));
    }

    [Fact]
    public void Bind_GivenAndDefaults_AreCheckedByType()
    {
        var job = Good with
        {
            Parameters =
            [
                new() { Name = "text", Pattern = "v[0-9]+", Default = "v1" }, new() { Name = "number", Type = JobParameterType.Number, Default = "1.50" },
                new() { Name = "yes", Type = JobParameterType.Boolean }, new() { Name = "word", Type = JobParameterType.Choice, Choices = ["a", "b"] },
                new() { Name = "secret", Type = JobParameterType.Secret, Required = true },
            ],
        };
        Assert.Null(JobRules.Check(job));
        var bound = JobParameters.Bind(job, new Dictionary<string, string> { ["yes"] = "true", ["secret"] = "hunter22" }).Value;
        Assert.Equal(new SortedDictionary<string, string> { ["number"] = "1.50", ["text"] = "v1", ["yes"] = "true" }, new SortedDictionary<string, string>(bound.Values.ToDictionary()));
        Assert.Equal("hunter22", bound.Secrets["secret"]);
        Assert.DoesNotContain("hunter22", bound.ToString(), StringComparison.Ordinal);
        var bad = JobParameters.Bind(job, new Dictionary<string, string> { ["text"] = "v1\n", ["number"] = "x", ["yes"] = "yes", ["word"] = "c", ["more"] = "1" }).Error!;
        Assert.Equal(["parameters.more", "parameters.number", "parameters.secret", "parameters.text", "parameters.word", "parameters.yes"], bad.Fields!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["PARAM_NUMBER", "PARAM_TEXT", "PARAM_YES"], JobParameters.Variables(job, bound).Values.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void PauseBefore_Attempts_GrowsUpToADay()
    {
        var retries = new JobRetries { Count = 3, Pause = "5h", Growth = 3 };
        Assert.Equal([TimeSpan.FromHours(5), TimeSpan.FromHours(15), TimeSpan.FromDays(1), null], Enumerable.Range(1, 4).Select(i => JobRules.PauseBefore(retries, i)));
        Assert.Null(JobRules.PauseBefore(null, 1));
    }

    [Theory]
    [InlineData(null, null, 10, "10", null)]
    [InlineData(null, "3", 10, "3,3,3,1", 1)]
    [InlineData(2, "25%", 10, "2,3,3,2", 1)]
    [InlineData(20, null, 10, "10", 1)]
    [InlineData(1, null, 1, "1", 1)]
    public void Plan_Devices_AreCutIntoBatches(int? canary, string? batch, int count, string sizes, int? stopAfter)
    {
        var plan = RolloutPlan.Of(canary is null && batch is null ? null : new() { Canary = canary, Batch = batch }, Devices(count));
        Assert.Equal(sizes, string.Join(',', plan.Batches.Select(b => b.Count)));
        Assert.Equal(stopAfter, plan.StopAfter);
        Assert.Equal(count, plan.Batches.SelectMany(b => b).DistinctBy(d => d.Id).Count());
    }

    [Fact]
    public void Plan_OrderByLabel_PutsThoseWithoutItLast()
    {
        var devices = Devices(4).ToArray();
        devices[0] = devices[0] with { Labels = new Dictionary<string, string>() };
        devices[3] = devices[3] with { Labels = new Dictionary<string, string> { ["rank"] = "0" } };
        Assert.Equal(["d3", "d1", "d2", "d0"], RolloutPlan.Of(new() { OrderBy = "rank" }, devices).Batches.Single().Select(d => d.Name));
    }

    private static IEnumerable<RolloutDevice> Devices(int count) =>
        Enumerable.Range(0, count).Select(i => new RolloutDevice(Guid.CreateVersion7(), $"d{i}", new Dictionary<string, string> { ["rank"] = "1" }));
}
