using System.Runtime.InteropServices;
using System.Text;
using Operone.Agent.Platforms;
using Operone.Agent.Platforms.Unix;
using Operone.Agent.Platforms.Windows;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary>
/// What the operators' commands know of the world around them: streams, terminal, environment, clock and signals.
/// The one seam between the commands and the process.
/// </summary>
internal sealed class CliContext
{
    private readonly Lock _errorLock = new();

    public CliContext(Stream output, Stream error)
    {
        Output = output;
        Error = error;
        OutputText = new StreamWriter(output, new UTF8Encoding(false)) { NewLine = "\n" };
        ErrorText = new StreamWriter(error, new UTF8Encoding(false)) { NewLine = "\n", AutoFlush = true };
    }

    /// <summary>Opens standard input.</summary>
    public Func<Stream> OpenInput { get; init; } = () => Stream.Null;

    /// <summary>Whether standard input is something other than a terminal.</summary>
    public bool InputIsRedirected { get; init; } = true;

    /// <summary>Whether standard input is a file, a pipe or the like, and not a terminal or another device such as <c>/dev/null</c>.</summary>
    public bool InputHoldsData { get; init; } = true;

    /// <summary>Standard output, unbuffered.</summary>
    public Stream Output { get; }

    /// <summary>Standard error, unbuffered.</summary>
    public Stream Error { get; }

    /// <summary>Standard output as text. Buffered: flush before <see cref="Output"/> is written to.</summary>
    public TextWriter OutputText { get; }

    /// <summary>Standard error as text.</summary>
    public TextWriter ErrorText { get; }

    /// <summary>Whether standard output is a terminal.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether standard error is a terminal.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>The terminal's width in columns.</summary>
    public Func<int> Width { get; init; } = () => 80;

    /// <summary>The terminal that somebody types at and looks at.</summary>
    public Func<ILocalTerminal> LocalTerminal { get; init; } = () => OperatingSystem.IsWindows() ? new WindowsTerminal() : new UnixTerminal();

    /// <summary>An environment variable, or null.</summary>
    public Func<string, string?> Variable { get; init; } = _ => null;

    /// <summary>Reads a line from the terminal without showing it; null where input ended.</summary>
    public Func<string?> ReadSecret { get; init; } = () => null;

    /// <summary>Calls back on Ctrl+C (or a request to terminate) instead of ending the process, until it is disposed.</summary>
    public Func<Action, IDisposable> OnInterrupt { get; init; } = _ => Nothing.Instance;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether standard output takes colours (no-color.org: any NO_COLOR that is not empty says no).</summary>
    public bool OutputHasColour => OutputIsTerminal && AllowsColour;

    /// <summary>Whether standard error takes colours.</summary>
    public bool ErrorHasColour => ErrorIsTerminal && AllowsColour;

    private bool AllowsColour =>
        string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") != "dumb"
        && (!OperatingSystem.IsWindows() || Variable("WT_SESSION") is not null || Variable("TERM") is not null);

    /// <summary>The process's own.</summary>
    public static CliContext ForProcess() => new(StandardStreams.OpenOutput(), StandardStreams.OpenError())
    {
        OpenInput = Console.OpenStandardInput,
        InputIsRedirected = Console.IsInputRedirected,
        InputHoldsData = Console.IsInputRedirected && StandardStreams.InputHoldsData(),
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Width = StandardStreams.TerminalWidth,
        Variable = Environment.GetEnvironmentVariable,
        ReadSecret = ReadSecretFromTerminal,
        OnInterrupt = RegisterSignals,
    };

    /// <summary>Says something to the person, on standard error.</summary>
    public void Say(string text)
    {
        lock (_errorLock)
        {
            ErrorText.WriteLine($"operone: {Plain(text)}");
        }
    }

    /// <summary>Says what went wrong and gives the exit code for it.</summary>
    public int Fail(Error error)
    {
        var text = new StringBuilder(error.Title);
        if (error.Detail.Length > 0 && error.Detail != error.Title)
        {
            text.Append(' ').Append(error.Detail);
        }

        var fields = error.Fields ?? new Dictionary<string, string[]>();
        foreach (var (field, problem) in fields.SelectMany(f => f.Value.Select(p => (f.Key, p))))
        {
            // one field's problem is usually the detail already
            if (!error.Detail.Contains(problem, StringComparison.Ordinal))
            {
                text.Append("\n  ").Append(field).Append(": ").Append(problem);
            }
        }

        Say(text.ToString());
        return CommandLine.UsageExitCode;
    }

    /// <summary>
    /// Text from elsewhere without what would steer a terminal: control characters other than line feed and tab become <c>?</c>.
    /// </summary>
    public static string Plain(string text) =>
        text.Any(IsSteering) ? string.Create(text.Length, text, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = IsSteering(from[i]) ? '?' : from[i];
            }
        }) : text;

    private static bool IsSteering(char c) => char.IsControl(c) && c is not ('\n' or '\t');

    private static string? ReadSecretFromTerminal()
    {
        var secret = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return secret.ToString();
                case ConsoleKey.Backspace:
                    secret.Length = Math.Max(0, secret.Length - 1);
                    break;
                case ConsoleKey.D when key.Modifiers == ConsoleModifiers.Control:
                    return secret.Length > 0 ? secret.ToString() : null;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        secret.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }

    private static Registrations RegisterSignals(Action onInterrupt)
    {
        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            onInterrupt();
        }

        return new(PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle));
    }

    private sealed class Registrations(params PosixSignalRegistration[] registrations) : IDisposable
    {
        public void Dispose()
        {
            foreach (var registration in registrations)
            {
                registration.Dispose();
            }
        }
    }

    private sealed class Nothing : IDisposable
    {
        public static Nothing Instance { get; } = new();

        public void Dispose()
        {
        }
    }
}
