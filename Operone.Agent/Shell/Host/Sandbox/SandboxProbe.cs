using System.Runtime.Versioning;
using System.Text;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Sandbox;

/// <summary>Finds out what this device can hold commands with: it isolates a command that does nothing, and sees.</summary>
internal static class SandboxProbe
{
    private const int PatienceMilliseconds = 10_000;

    /// <summary>What it can.</summary>
    public static SandboxFact Facts()
    {
        if (OperatingSystem.IsWindows())
        {
            return new SandboxFact(false, "Commands can be isolated on Linux alone.", false, "Commands can be run as another user on Linux alone.", false);
        }

        var isolation = Isolation.Missing(null) ?? (OperatingSystem.IsLinux() ? Try() : null);
        var user = Libc.EffectiveUser() != 0 ? $"The agent runs as '{Environment.UserName}'; only root can become another user."
            : SystemTools.Setpriv is null && SystemTools.Find("runuser") is null ? "There is neither setpriv nor runuser. To get them: apt-get install util-linux."
            : null;
        return new SandboxFact(isolation is null, isolation, user is null, user, OperatingSystem.IsLinux() && CgroupTree.Leaf is not null);
    }

    /// <summary>Isolates a command. Gives what went wrong, or null.</summary>
    [SupportedOSPlatform("linux")]
    private static string? Try()
    {
        var request = new StartExecution { ExecutionId = Guid.NewGuid(), Argv = ["/bin/true"], Sandbox = new SandboxSpec(SandboxKind.Isolated) };
        var (plan, problem) = new CommandPlanner("/", Environment.UserName).Make(request, "");
        if (plan is null)
        {
            return problem!.Reason;
        }

        try
        {
            var (held, refusal) = HeldCommand.Prepare(plan, request, new ExecutionFolder("/nonexistent/x/0"), TimeProvider.System);
            using (held)
            {
                return held is null ? refusal : Try(held);
            }
        }
        catch (IOException failure)
        {
            return failure.Message;
        }
    }

    [SupportedOSPlatform("linux")]
    private static string? Try(HeldCommand held)
    {
        var (read, write) = Libc.MakePipe();
        var nothing = Libc.Open("/dev/null", 2);
        Libc.DoNotInherit(nothing);
        var error = held.Start(null, (plan, out child) => UnixSpawn.Start(
            plan.Program, plan.Arguments, plan.Environment, plan.Directory, nothing, nothing, write, out child, plan.Descriptors), out _);
        Libc.Close(write);
        Libc.Close(nothing);
        var complaint = error == 0 ? ReadToEnd(read) : Libc.Describe(error);
        Libc.Close(read);
        return error != 0 ? $"bubblewrap cannot be started: {complaint}." : held.Failure(() => complaint);
    }

    [SupportedOSPlatform("linux")]
    private static unsafe string ReadToEnd(int descriptor)
    {
        var text = new StringBuilder();
        var buffer = stackalloc byte[1024];
        var poll = new Libc.PollFd { Fd = descriptor, Events = Libc.PollIn };
        while (Libc.Poll(&poll, 1, PatienceMilliseconds) > 0 && (int)Libc.Read(descriptor, buffer, 1024) is > 0 and var count)
        {
            text.Append(Encoding.UTF8.GetString(buffer, count));
        }

        return text.ToString();
    }
}
