using System.Net;
using System.Net.Http.Json;
using System.Text;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Shell;

/// <summary>What the tests of runs share: making runs, and answering as a device would.</summary>
public abstract class ShellTests(ServerFixture fixture) : ServerTests(fixture)
{
    protected async Task<RunView> CreateAsync(object request, string query = "", HttpStatusCode expected = HttpStatusCode.Accepted)
    {
        using var response = await Server.Owner.PostAsJsonAsync($"/api/v1/runs{query}", request, Cancelled);
        Assert.True(expected == response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        return (await response.Content.ReadFromJsonAsync<RunView>(Cancelled))!;
    }

    protected Task<RunView> CreateOnAsync(FakeAgent agent, string command = "true", double? expiresInSeconds = null) =>
        CreateAsync(new { command, expiresInSeconds, target = new { devices = new[] { agent.Name } } });

    protected async Task<RunView> GetAsync(Guid id, double waitSeconds = 0) =>
        (await Server.Owner.GetFromJsonAsync<RunView>($"/api/v1/runs/{id}?waitSeconds={waitSeconds}", Cancelled))!;

    protected Task<byte[]> OutputAsync(RunView run, FakeAgent agent, string stream = "stdout") =>
        Server.Owner.GetByteArrayAsync($"/api/v1/runs/{run.Id}/executions/{agent.Name}/{stream}", Cancelled);

    protected static OutputChunk Out(long offset, string text) => new(OutputStream.Stdout, offset, Encoding.UTF8.GetBytes(text));

    protected static OutputChunk Err(long offset, string text) => new(OutputStream.Stderr, offset, Encoding.UTF8.GetBytes(text));

    protected static ExecutionEnd Succeeded(long stdout = 0, long stderr = 0) =>
        new(ExecutionStatus.Succeeded, 0, "Exited with code 0.", DateTimeOffset.UtcNow, stdout, stderr);

    protected static ExecutionReport Report(Guid executionId, ExecutionEnd? end, params OutputChunk[] output) =>
        new(executionId, DateTimeOffset.UtcNow, output, end);

    /// <summary>The next start that the device gets.</summary>
    protected static async Task<StartExecution> StartedAsync(FakeAgent agent) => await agent.Starts.Reader.ReadAsync(Soon());

    /// <summary>The next acknowledgement that the device gets.</summary>
    protected static async Task<ExecutionAcknowledgement> AcknowledgedAsync(FakeAgent agent) => await agent.Acknowledgements.Reader.ReadAsync(Soon());

    /// <summary>A device that prints its command and succeeds at once.</summary>
    protected async Task<FakeAgent> ConnectEchoAsync(string name, Dictionary<string, string>? labels = null)
    {
        var agent = await Server.ConnectAsync(name, labels);
        agent.OnStart = start => agent.ReportAsync(Report(start.ExecutionId, Succeeded(start.Command!.Length), Out(0, start.Command!)));
        return agent;
    }

    private static CancellationToken Soon() =>
        CancellationTokenSource.CreateLinkedTokenSource(Cancelled, new CancellationTokenSource(TimeSpan.FromSeconds(15)).Token).Token;
}
