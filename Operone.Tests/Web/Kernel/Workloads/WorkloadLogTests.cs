using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Kernel.Workloads;
using Operone.Core.Shell;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Operone.Web.Data;
using Operone.Web.Shell;
using Xunit;

namespace Operone.Tests.Web.Kernel.Workloads;

/// <summary>A program that prints more than its limit, with a real node and a real agent that is killed meanwhile.</summary>
[SupportedOSPlatform("linux")]
public sealed class WorkloadLogTests
{
    private const int Limit = 256 * 1024;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Log_OfABusyProgramWhoseAgentIsKilled_EndsWithItsLastLinesAndStaysBounded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it kills processes");
        using var temp = new TempFolder();
        await using var server = await OperoneServer.StartAsync();
        var agent = await AgentUnderTest.EnrolAndRunAsync(server, temp["one"], "one");
        try
        {
            // three rounds of 1.3 MB each, the next one when it is told to
            using var yaml = new StringContent(
                $"name: busy\ncommand: for r in 1 2 3; do seq -f \"round $r line %07.0f\" 1 60000; touch {temp["done"]}$r; while [ ! -e {temp["go"]}$r ]; do sleep 0.1; done; done; echo the very end; exec sleep 600\n"
                + $"output: 256KiB\ntarget: {{all: true}}\ncount: 1\n", Encoding.UTF8, "application/yaml");
            using var applied = await server.Owner.PostAsync(new Uri("/api/v1/workloads/apply", UriKind.Relative), yaml, Cancelled);
            Assert.True(applied.IsSuccessStatusCode, await applied.Content.ReadAsStringAsync(Cancelled));
            var run = await Eventually.BecomesAsync(
                async () => (await server.Owner.GetFromJsonAsync<WorkloadView>("/api/v1/workloads/busy", Cancelled))!.Instances?.FirstOrDefault(i => i.RunId is not null)?.RunId, "an instance", 60);
            await EndsWithAsync("round 1 line 0060000\n");

            // the second round comes while no agent is there
            await agent.KillAsync();
            await File.WriteAllTextAsync(temp["go"] + "1", "", Cancelled);
            await Eventually.BecomesAsync(() => Task.FromResult(File.Exists(temp["done"] + "2")), "the second round", 60);
            agent = AgentUnderTest.Run(temp["one"]);
            await EndsWithAsync("round 2 line 0060000\n");
            await File.WriteAllTextAsync(temp["go"] + "2", "", Cancelled);
            await EndsWithAsync("round 3 line 0060000\n");
            await File.WriteAllTextAsync(temp["go"] + "3", "", Cancelled);
            await EndsWithAsync("round 3 line 0060000\nthe very end\n");

            var view = await ViewAsync();
            Assert.Equal((3L * 60_000 * 21) + 13, view.StdoutBytes);
            await using var db = await server.Services.GetRequiredService<IDbContextFactory<OperoneDb>>().CreateDbContextAsync(Cancelled);
            var stored = await db.Set<JournalEntry>().Where(e => e.ExecutionId == view.Id && e.Kind != JournalKind.Status).SumAsync(e => (long)e.Length, Cancelled);
            Assert.InRange(stored, Limit / 2, Limit + WriterBatch.MaxEntryBytes + (Limit / 64));
            Assert.Equal(view.StdoutBytes + view.StderrBytes - stored, view.DiscardedBytes);
            Assert.InRange(Directory.GetFiles(temp["one"], "output*", SearchOption.AllDirectories).Sum(f => new FileInfo(f) is { Exists: true } file ? file.Length : 0), 0, Limit * 2);
            using var stopped = await server.Owner.PostAsJsonAsync("/api/v1/workloads/busy/stop", new { }, Cancelled);
            await Eventually.BecomesAsync(
                async () => (await server.Owner.GetFromJsonAsync<WorkloadView>("/api/v1/workloads/busy", Cancelled))!.Status == WorkloadStatus.Stopped, "it stands still", 60);

            async Task<ExecutionView> ViewAsync() => Assert.Single((await server.Owner.GetFromJsonAsync<RunView>($"/api/v1/runs/{run}", Cancelled))!.Executions!);

            async Task EndsWithAsync(string text)
            {
                await Eventually.BecomesAsync(async () => (await TailAsync(text.Length)) == text, () => $"an output that ends with {text}", 120);
            }

            async Task<string> TailAsync(int bytes)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/executions/one/stdout");
                request.Headers.Range = new(null, bytes);
                using var answer = await server.Owner.SendAsync(request, Cancelled);
                return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(Cancelled) : "";
            }
        }
        finally
        {
            await agent.DisposeAsync();
        }
    }
}
