using System.Text.Json;
using CsCheck;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Core.Shell;

public sealed class RunRulesTests
{
    [Fact]
    public void Combine_AnyCounts_IsWhatTheWordsSay() =>
        Gen.Enum<ExecutionStatus>().Array[0, 12].Sample(statuses =>
        {
            var expected = statuses.Any(s => s is ExecutionStatus.Queued or ExecutionStatus.Starting or ExecutionStatus.Running) ? RunStatus.Running
                : statuses.All(s => s == ExecutionStatus.Succeeded) ? RunStatus.Succeeded
                : statuses.All(s => s is ExecutionStatus.Succeeded or ExecutionStatus.Cancelled) ? RunStatus.Cancelled
                : RunStatus.Failed;
            Assert.Equal(expected, RunRules.Combine(statuses.GroupBy(s => s).ToDictionary(g => g.Key, g => g.Count())));
        });

    [Fact]
    public void Combine_CountsOfZero_DoNotCount() =>
        Assert.Equal(RunStatus.Succeeded, RunRules.Combine(Enum.GetValues<ExecutionStatus>().ToDictionary(s => s, s => s == ExecutionStatus.Succeeded ? 1 : 0)));

    [Theory]
    [InlineData(ExecutionStatus.Queued, false)]
    [InlineData(ExecutionStatus.Starting, false)]
    [InlineData(ExecutionStatus.Running, false)]
    [InlineData(ExecutionStatus.Succeeded, true)]
    [InlineData(ExecutionStatus.Failed, true)]
    [InlineData(ExecutionStatus.TimedOut, true)]
    [InlineData(ExecutionStatus.Cancelled, true)]
    [InlineData(ExecutionStatus.Expired, true)]
    [InlineData(ExecutionStatus.Lost, true)]
    [InlineData(ExecutionStatus.Refused, true)]
    public void IsEnd_EachState_IsRight(ExecutionStatus status, bool end) => Assert.Equal(end, status.IsEnd());

    [Fact]
    public void ToText_EachState_IsItsNameOnTheWire()
    {
        // a run with one execution carries both kinds of state
        foreach (var status in Enum.GetValues<ExecutionStatus>())
        {
            var execution = new ExecutionView(Guid.Empty, Guid.Empty, "a", status, null, null, null, null, 0, 0, 0);
            var run = new RunView(Guid.Empty, RunRules.Combine(new Dictionary<ExecutionStatus, int> { [status] = 1 }), "", "", default, null, new Dictionary<string, int>(), new(), [execution]);
            using var json = JsonDocument.Parse(JsonSerializer.Serialize(run, OperoneJson.Default.RunView));
            Assert.Equal(status.ToText(), json.RootElement.GetProperty("executions")[0].GetProperty("status").GetString());
            Assert.Equal(run.Status.ToText(), json.RootElement.GetProperty("status").GetString());
        }
    }
}
