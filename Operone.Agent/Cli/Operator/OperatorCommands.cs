using System.CommandLine;
using Operone.Agent.Cli.Operator.Alerts;
using Operone.Agent.Cli.Operator.Files;
using Operone.Agent.Cli.Operator.Jobs;
using Operone.Agent.Cli.Operator.Kernel;
using Operone.Agent.Cli.Operator.Processes;
using Operone.Agent.Cli.Operator.Schedules;
using Operone.Agent.Cli.Operator.Terminals;
using Operone.Agent.Cli.Operator.Workloads;

namespace Operone.Agent.Cli.Operator;

/// <summary>The operators' commands: what a person or a script does from anywhere, through the REST API.</summary>
internal static class OperatorCommands
{
    /// <summary>Adds them to the root.</summary>
    public static void Add(RootCommand root, CliContext cli)
    {
        ArgumentNullException.ThrowIfNull(root);
        root.Add(LoginCommand.Create(cli));
        root.Add(LogoutCommand.Create(cli));
        root.Add(WhoAmICommand.Create(cli));
        root.Add(DevicesCommand.Create(cli));
        root.Add(ResourcesCommand.Create(cli));
        root.Add(RunCommand.Create(cli));
        root.Add(PipeCommand.Create(cli));
        root.Add(RunsCommand.Create(cli));
        root.Add(LogsCommand.Create(cli));
        root.Add(CancelCommand.Create(cli));
        root.Add(SandboxesCommand.Create(cli));
        root.Add(EnvironmentsCommand.Create(cli));
        root.Add(JobCommand.Create(cli));
        root.Add(SchedulesCommand.Create(cli));
        root.Add(WindowsCommand.Create(cli));
        root.Add(WorkloadCommand.Create(cli));
        root.Add(AlertsCommand.Create(cli));
        root.Add(RecordingsCommand.Create(cli));
        ProcessCommands.Add(root, cli);
        FileCommands.Add(root, cli);
        root.Add(ShellCommand.Create(cli));
        root.Add(TerminalsCommand.Create(cli));
        root.Add(TokensCommand.Create(cli));
        root.Add(WebhooksCommand.Create(cli));
        root.Add(AuditCommand.Create(cli));
        root.Add(CompletionCommand.Create(cli));
    }
}
