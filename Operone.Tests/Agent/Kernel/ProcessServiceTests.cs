using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using Operone.Agent.Platforms;
using Operone.Core.Channels;
using Operone.Core.Kernel;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Kernel;

/// <summary>The agent's end of the wire: who looks, for how long, and what is sent.</summary>
[SupportedOSPlatform("linux")]
public sealed class ProcessServiceTests
{
    private static readonly ProcessCall Watch = new() { Op = ProcessOps.Watch, IntervalMilliseconds = 500 };

    [Fact]
    public async Task Watches_OfSeveral_ShareOneSampler_WhichStopsWhenTheLastHasLeft()
    {
        var time = new FakeTimeProvider();
        var fake = new FakeProcesses();
        fake.Add(7);
        var agent = new ProcessesUnderTest(() => fake, time);
        Assert.False(agent.Service.Sampler.IsRunning);
        await using (var first = await agent.OpenAsync())
        {
            var (one, two) = (new ProcessTable(), new ProcessTable());
            await first.SayAsync(Watch);
            await first.SampleAsync(one);
            await using (var second = await agent.OpenAsync())
            {
                await second.SayAsync(Watch);
                await second.SampleAsync(two);
                for (var i = 0; i < 3; i++)
                {
                    await ReadingAsync(1, () => Task.WhenAll(first.SampleAsync(one), second.SampleAsync(two)));
                }
            }

            await ReadingAsync(1, () => first.SampleAsync(one));
            Assert.True(agent.Service.Sampler.IsRunning);
        }

        await Eventually.BecomesAsync(() => Task.FromResult(!agent.Service.Sampler.IsRunning), "the end of sampling");
        await using var list = await agent.OpenAsync();
        Assert.NotNull((await ReadingAsync(2, () => list.LastAsync(new ProcessCall { Op = ProcessOps.List }))).Sample);
        await Eventually.BecomesAsync(() => Task.FromResult(!agent.Service.Sampler.IsRunning), "the end of sampling");

        // what takes this many readings of the processes, for all who look, and no more
        async Task<T> ReadingAsync<T>(int times, Func<Task<T>> what)
        {
            var reads = fake.Reads + times;
            var done = what();
            await Eventually.BecomesAsync(() =>
            {
                if (fake.Reads < reads)
                {
                    time.Advance(TimeSpan.FromMilliseconds(500));
                }

                return Task.FromResult(fake.Reads >= reads && done.IsCompleted);
            }, "a sample");
            Assert.Equal(reads, fake.Reads);
            return await done;
        }
    }

    [Fact]
    public async Task Watch_ThatNobodyRenews_Ends_AndOneThatIsRenewedGoesOn()
    {
        var time = new FakeTimeProvider();
        var agent = new ProcessesUnderTest(() => new FakeProcesses(), time);
        await using var channel = await agent.OpenAsync();
        var table = new ProcessTable();
        await channel.SayAsync(new ProcessCall { Op = ProcessOps.Watch, IntervalMilliseconds = ProcessLimits.MaxInterval });
        await channel.SampleAsync(table);
        await NextAsync(TimeSpan.FromMilliseconds(100)); // the second sample, a moment later
        time.Advance(TimeSpan.FromSeconds(ProcessLimits.LeaseSeconds - 10));

        // another pace renews it too, and shows by the next sample
        await channel.SayAsync(Watch);
        await NextAsync(TimeSpan.FromMilliseconds(500));
        time.Advance(TimeSpan.FromSeconds(ProcessLimits.LeaseSeconds - 10));
        await NextAsync(TimeSpan.FromMilliseconds(500));

        await Eventually.BecomesAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(ProcessLimits.LeaseSeconds));
            return Task.FromResult(channel.Served.IsCompleted && !agent.Service.Sampler.IsRunning);
        }, "the end of the watch");

        async Task NextAsync(TimeSpan step)
        {
            var sample = channel.SampleAsync(table);
            await Eventually.BecomesAsync(() =>
            {
                time.Advance(step);
                return Task.FromResult(sample.IsCompleted);
            }, "a sample", 9);
            await sample;
        }
    }

    [Fact]
    public async Task Sample_OfFiveThousandProcesses_GoesInMessagesThatFit_AndAChangeInOne()
    {
        var fake = new FakeProcesses { OnFacts = r => new ProcessFacts($"p{r.Pid}", ["/usr/bin/program", new string('\n', 1500), "\uFFFD"], true, "somebody", DateTimeOffset.UnixEpoch) };
        for (var pid = 1; pid <= 5000; pid++)
        {
            fake.Add(pid, Math.Max(0, pid - 1));
        }

        var agent = new ProcessesUnderTest(() => fake);
        await using var channel = await agent.OpenAsync();
        var table = new ProcessTable();
        await channel.SayAsync(Watch);
        var first = await channel.SampleAsync(table);
        Assert.Equal(5000, table.All.Count);
        Assert.True(first.Count > 50);
        Assert.InRange(channel.Largest, 10_000, ChannelLimits.MaxControlBytes);

        // the second sample has the processor's time for the first time; from the third on only what has changed
        await channel.SampleAsync(table);
        fake.OnRead = () => fake.Readings[42] = fake.Readings[42] with { Memory = 123_456 };
        var changes = await channel.SampleAsync(table);
        while (table.All.Single(p => p.Pid == 43).Figures.Memory != 123_456)
        {
            changes = await channel.SampleAsync(table);
        }

        Assert.Equal(43, Assert.Single(changes.SelectMany(c => c.Figures ?? [])).Pid);
        Assert.All(changes, c => Assert.Null(c.Processes));
    }

    [Fact]
    public async Task Viewer_WhoIsSlow_SkipsSamples_AndHasTheTruthInTheEnd()
    {
        var fake = new FakeProcesses { OnFacts = r => new ProcessFacts("p", [new string('<', 1500)], false, "root", null) };
        for (var pid = 1; pid <= 2000; pid++)
        {
            fake.Add(pid);
        }

        fake.OnRead = () =>
        {
            // everything is another process each time
            var start = fake.Reads;
            for (var i = 0; i < fake.Readings.Count; i++)
            {
                fake.Readings[i] = fake.Readings[i] with { Start = start };
            }
        };
        var agent = new ProcessesUnderTest(() => fake);
        await using var slow = await agent.OpenAsync();
        await using var quick = await agent.OpenAsync();
        await slow.SayAsync(Watch);
        await quick.SayAsync(Watch);
        var (one, two) = (new ProcessTable(), new ProcessTable());
        while (fake.Reads < 6)
        {
            await quick.SampleAsync(two);
        }

        var taken = 0;
        while (one.All.Count == 0 || one.All[0].Start < 6)
        {
            await slow.SampleAsync(one);
            taken++;
        }

        Assert.Equal(2000, one.All.Count);
        Assert.Single(one.All.Select(p => p.Start).Distinct());
        Assert.True(taken < fake.Reads, $"{taken} of {fake.Reads}");
    }

    [Fact]
    public async Task ProcessThatVanishesWhileItIsRead_IsLeftOut_AndItsNumberCanBeAnothers()
    {
        var fake = new FakeProcesses();
        fake.Add(1);
        fake.Add(2);
        var known = fake.OnFacts;
        fake.OnFacts = r => r.Pid == 2 && r.Start == 1 ? null : known(r);
        var agent = new ProcessesUnderTest(() => fake);
        await using var channel = await agent.OpenAsync();
        var table = new ProcessTable();
        await channel.SayAsync(Watch);
        await channel.SampleAsync(table);
        Assert.Equal([1], table.All.Select(p => p.Pid));
        fake.OnRead = () => fake.Readings[1] = fake.Readings[1] with { Start = 2 };
        while (table.All.All(p => p.Pid != 2))
        {
            await channel.SampleAsync(table);
        }

        Assert.Equal(2, table.All.Single(p => p.Pid == 2).Start);
        fake.OnRead = () => fake.Readings[1] = fake.Readings[1] with { Start = 3, Cpu = -1, Memory = -1, Threads = -1 };
        while (table.All.Single(p => p.Pid == 2).Start != 3)
        {
            await channel.SampleAsync(table);
        }

        // what cannot be had is said, never 0
        await channel.SampleAsync(table);
        Assert.Equal(new ProcessFigures(2, null, null, null, ProcessState.Sleeping), table.All.Single(p => p.Pid == 2).Figures);
    }

    [Fact]
    public async Task SamplerThatBreaks_TellsWhoLooks_AndTheNextLookBeginsAnew()
    {
        var fake = new FakeProcesses { OnRead = () => throw new InvalidOperationException("no such folder") };
        var agent = new ProcessesUnderTest(() => fake);
        await using (var channel = await agent.OpenAsync())
        {
            await channel.SayAsync(Watch);
            Assert.Contains("no such folder", (await channel.HearAsync())!.Problem!.Detail, StringComparison.Ordinal);
        }

        fake.OnRead = () => { };
        fake.Add(1);
        await using var again = await agent.OpenAsync();
        Assert.NotNull((await again.LastAsync(new ProcessCall { Op = ProcessOps.List })).Sample);
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"op":"sudo"}""")]
    [InlineData("""{"op":"signal","signal":"KILL"}""")]
    [InlineData("""{"op":"look"}""")]
    public async Task Call_ThatIsNone_IsRefused_AndTheNextIsAnswered(string text)
    {
        var fake = new FakeProcesses();
        fake.Add(1);
        var agent = new ProcessesUnderTest(() => fake);
        await using var channel = await agent.OpenAsync();
        await channel.SayAsync(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Equal(ProcessProblems.Failed, (await channel.HearAsync())!.Problem!.Code);
        Assert.NotNull((await channel.LastAsync(new ProcessCall { Op = ProcessOps.List })).Sample);
        await channel.SayAsync(new byte[ChannelLimits.MaxControlBytes + 10_000]);
        Assert.Null(await channel.HearAsync());
    }

    [Fact]
    public async Task Signal_ToAProcessOfThisMachine_ArrivesOrSaysWhyNot()
    {
        var agent = new ProcessesUnderTest();
        await using var channel = await agent.OpenAsync();
        using var process = Process.Start(new ProcessStartInfo("sleep", ["603"]))!;
        var details = (await channel.LastAsync(new ProcessCall { Op = ProcessOps.Look, Process = new(process.Id, 0) })).Details!;
        Assert.Equal(["sleep", "603"], details.Process.Arguments);
        var identity = details.Process.Identity;
        Assert.Equal(ProcessProblems.Refused, (await SendAsync(identity, "77")).Problem!.Code);
        Assert.Equal(ProcessProblems.Gone, (await SendAsync(identity with { Start = identity.Start + 1 }, "KILL")).Problem!.Code);
        Assert.False(process.HasExited);
        Assert.Null((await SendAsync(identity, "STOP")).Problem);
        await Eventually.BecomesAsync(
            async () => (await channel.LastAsync(new ProcessCall { Op = ProcessOps.Look, Process = identity })).Details!.Process.Figures.State == ProcessState.Stopped, "it is stopped");
        Assert.Null((await SendAsync(identity, "9")).Problem);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ProcessProblems.Gone, (await SendAsync(identity, "TERM")).Problem!.Code);

        Task<ProcessReply> SendAsync(ProcessIdentity to, string signal) => channel.LastAsync(new ProcessCall { Op = ProcessOps.Signal, Process = to, Signal = signal });
    }
}
