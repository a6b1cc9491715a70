using System.Runtime.Versioning;
using Operone.Agent.Platforms.Unix;
using Operone.Core.Shell;

namespace Operone.Agent.Shell.Host.Care;

/// <summary>
/// A check that is a program: as the command's user, in its directory and with its variables. It is a child of the host like the command,
/// so that nothing of it is left when the command's tree is ended. What it prints is not kept.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class CommandProbe : IProbe
{
    private const int OpenReadWrite = 2;

    private readonly Reaper _reaper;
    private readonly string? _problem;

    /// <summary>Starts it.</summary>
    public CommandProbe(StartExecution request, HealthCheck check, CommandPlanner planner, Reaper reaper)
    {
        _reaper = reaper;
        var (plan, problem) = planner.Make(request with { Command = null, Script = null, Argv = check.Argv }, "/dev/null");
        if (plan is null)
        {
            _problem = problem!.Reason;
            return;
        }

        plan = UserDrop.Wrap(plan, plan.User);
        var nothing = Libc.Open("/dev/null", OpenReadWrite);
        Libc.DoNotInherit(nothing);
        var error = reaper.StartAside((out int pid) => UnixSpawn.Start(plan.Program, plan.Arguments, plan.Environment, plan.Directory, nothing, nothing, nothing, out pid));
        Libc.Close(nothing);
        _problem = error != 0 ? ExitWords.OfSpawn(error, plan.Arguments[0]).Reason : null;
    }

    /// <inheritdoc/>
    public ProbeResult? Result
    {
        get
        {
            if (_problem is not null)
            {
                return new ProbeResult(_problem);
            }

            if (_reaper.AsideStatus is not { } status)
            {
                return null;
            }

            var (code, words) = ExitWords.Of(status);
            return new ProbeResult(code == 0 ? null : words);
        }
    }

    /// <inheritdoc/>
    public void Abandon() => _reaper.KillAside();
}
