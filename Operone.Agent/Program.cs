using Operone.Agent.Cli;
using Operone.Agent.Shell.Host;

// A host is started for every execution, so it does not pay for the parsing of a command line.
if (args is ["host", ..])
{
    return HostCommand.Run(args.AsSpan(1));
}

return await CommandLine.RunAsync(args);
