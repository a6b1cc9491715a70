using System.CommandLine;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary><c>operone cat</c>.</summary>
internal static class CatCommand
{
    public static Command Create(CliContext cli)
    {
        var places = FileArguments.Places(cli, allowLocal: false, "Files to print, one after the other. The last name may be a pattern.");
        var command = new OperatorCommand("cat", "Print files of devices.",
            """
            The bytes come as they are, of any amount; on a terminal that may steer it, as with cat(1).
            Exit code: 0 all was printed, 1 something was not, 2 the command line is wrong.

            Example:
              operone cat web1:/etc/hosts
              operone cat 'web1:/var/log/nginx/*.gz' | gunzip | grep ' 500 '
            """) { places };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, async api =>
        {
            var run = new FileRun(cli, api, "cat");
            foreach (var place in parsed.GetValue(places)!)
            {
                foreach (var (one, item) in place.IsPattern ? await run.FindAsync([place], isMissingFine: false, cancellationToken) : [(place, null!)])
                {
                    var remote = (RemoteFiles)run.SideOf(one);
                    var got = await remote.GetAsync(one.Path, 0, null, null, cancellationToken);
                    if (got.Error is { } error)
                    {
                        run.Fail(run.Show(one), error);
                        continue;
                    }

                    using var response = got.Value;
                    try
                    {
                        await response.Content.CopyToAsync(cli.Output, cancellationToken);
                    }
                    catch (Exception e) when (e is not BrokenPipeException && api.Explain(e, cancellationToken) is not null)
                    {
                        run.Fail(run.Show(one), api.Explain(e, cancellationToken)!);
                    }
                }
            }

            return run.ExitCode;
        }));
        return command;
    }
}
