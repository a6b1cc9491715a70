using System.CommandLine;
using System.Text;
using Operone.Core.Shell;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone recordings play</c>: plays a recording in this terminal, with nothing in it that reaches outside of a screen.</summary>
internal static class RecordingPlayCommand
{
    private const int InterruptedExitCode = 130;

    public static Command Create(CliContext cli)
    {
        var recording = RecordingsCommand.Recording(cli);
        var speed = new Option<double>("--speed", "-x") { Description = "How many times as fast: 0.1 to 100.", HelpName = "N", DefaultValueFactory = _ => 1 };
        speed.Validators.Add(result =>
        {
            if (!result.Errors.Any() && !(result.GetValueOrDefault<double>() is >= 0.1 and <= 100))
            {
                result.AddError("--speed must be 0.1 to 100");
            }
        });
        var idle = new Option<double?>("--idle", "-i") { Description = "The longest pause, in seconds. By default pauses are as they were.", HelpName = "SECONDS" };
        idle.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<double?>() is { } seconds && !(seconds is >= 0 and <= 86_400))
            {
                result.AddError("--idle must be 0 to 86400 seconds");
            }
        });
        var command = new OperatorCommand("play", "Play a recording in this terminal.",
            """
            What was printed is shown as it was, but for what reaches outside of the screen: titles, the clipboard, links,
            questions to the terminal and the like are left out. Ctrl+C ends it.

            Example:
              operone recordings play 0199a2c4-7d5e-7f3a-9b1c-2f6d8e4a5b6c --speed 4 --idle 2
            """) { recording, speed, idle };
        command.SetAction((parsed, cancellationToken) => Shared.WithApiAsync(cli, api => PlayAsync(
            cli, api, parsed.GetValue(recording), parsed.GetValue(speed), parsed.GetValue(idle) ?? double.PositiveInfinity, cancellationToken)));
        return command;
    }

    private static async Task<int> PlayAsync(CliContext cli, OperoneApi api, Guid id, double speed, double idle, CancellationToken cancellationToken)
    {
        var opened = await api.OpenAsync($"recordings/{id}/asciicast?play=true", null, cancellationToken);
        if (opened.Error is { } error)
        {
            return cli.Fail(error);
        }

        // All of it first: a server does not wait as long as somebody watches.
        using var response = opened.Value;
        var path = Path.GetTempFileName();
        await using var content = new FileStream(
            path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        try
        {
            await response.Content.CopyToAsync(content, cancellationToken);
        }
        catch (Exception e) when (api.Explain(e, cancellationToken) is not null)
        {
            return cli.Fail(api.Explain(e, cancellationToken)!);
        }

        content.Position = 0;
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var registration = cli.OnInterrupt(interrupted.Cancel);
        try
        {
            await PlayAsync(cli, content, speed, idle, interrupted.Token);
            return 0;
        }
        catch (OperationCanceledException)
        {
            return InterruptedExitCode;
        }
        finally
        {
            if (cli.OutputIsTerminal)
            {
                cli.Output.Write(Encoding.UTF8.GetBytes(ScreenText.Reset + "\r\n"));
            }
        }
    }

    private static async Task PlayAsync(CliContext cli, Stream content, double speed, double idle, CancellationToken cancellationToken)
    {
        var (decoder, screen) = (new AsciicastDecoder(), new ScreenText());
        var (began, played, before, isFirst) = (cli.Time.GetTimestamp(), 0d, 0d, true);
        var buffer = new byte[64 * 1024];
        int read;
        do
        {
            read = await content.ReadAsync(buffer, cancellationToken);
            decoder.Append(buffer.AsSpan(0, read));
            if (read == 0)
            {
                decoder.Complete();
            }

            while (decoder.TryRead(out var happened))
            {
                played += Math.Min(happened.At - before, idle);
                before = happened.At;
                if (happened.Kind != AsciicastEventKind.Output)
                {
                    continue;
                }

                if (isFirst && cli.OutputIsTerminal && decoder.Columns > cli.Width())
                {
                    cli.Say($"it was recorded {decoder.Columns} columns wide, which is more than this terminal has: it will not look as it did");
                }

                isFirst = false;
                var wait = TimeSpan.FromSeconds(Math.Min(played / speed, 1e9)) - cli.Time.GetElapsedTime(began);
                while (wait > TimeSpan.Zero)
                {
                    // A timer takes no more than some weeks.
                    var some = wait < TimeSpan.FromDays(1) ? wait : TimeSpan.FromDays(1);
                    await Task.Delay(some, cli.Time, cancellationToken);
                    wait -= some;
                }

                cancellationToken.ThrowIfCancellationRequested();
                cli.Output.Write(Encoding.UTF8.GetBytes(screen.Filter(happened.Data)));
            }
        }
        while (read > 0);
    }
}
