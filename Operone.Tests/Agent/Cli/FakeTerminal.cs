using System.Text;
using Microsoft.Extensions.Time.Testing;
using Operone.Agent.Cli;
using Operone.Agent.Cli.Operator;

namespace Operone.Tests.Agent.Cli;

/// <summary>What surrounds the command line, in memory. Each has a configuration folder of its own.</summary>
internal sealed class FakeTerminal : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("operone-cli-").FullName;
    private readonly SharedStream _output = new();
    private readonly SharedStream _error = new();
    private readonly List<Action> _onInterrupt = [];

    public Dictionary<string, string> Variables { get; } = [];

    public byte[] Input { get; set; } = [];

    public bool InputIsRedirected { get; set; }

    public bool IsTerminal { get; set; }

    public string? Secret { get; set; }

    public FakeLocalTerminal Local { get; } = new();

    public Stream? OutputInstead { get; set; }

    /// <summary>It stands still unless a test says otherwise, so that nothing is said because a test took long.</summary>
    public TimeProvider Time { get; set; } = new FakeTimeProvider();

    public string ConfigurationFolder => _folder;

    public byte[] OutputBytes => _output.ToArray();

    public string Output => Encoding.UTF8.GetString(_output.ToArray());

    public string Error => Encoding.UTF8.GetString(_error.ToArray());

    /// <summary>One that is logged in.</summary>
    public static FakeTerminal For(FakeApi api)
    {
        var terminal = new FakeTerminal();
        terminal.Variables["OPERONE_URL"] = api.Url;
        terminal.Variables["OPERONE_TOKEN"] = FakeApi.Token;
        return terminal;
    }

    public Task<int> RunAsync(params string[] args) => CommandLine.RunAsync(args, new CliContext(OutputInstead ?? _output, _error)
    {
        OpenInput = () => new MemoryStream(Input),
        InputIsRedirected = InputIsRedirected,
        InputHoldsData = InputIsRedirected,
        OutputIsTerminal = IsTerminal,
        ErrorIsTerminal = IsTerminal,
        Width = () => 100,
        Variable = name => name == "XDG_CONFIG_HOME" ? _folder : Variables.GetValueOrDefault(name),
        ReadSecret = () => Secret,
        LocalTerminal = () => Local,
        OnInterrupt = Register,
        Time = Time,
    });

    public void PressControlC()
    {
        Action[] actions;
        lock (_onInterrupt)
        {
            actions = [.. _onInterrupt];
        }

        foreach (var action in actions)
        {
            action();
        }
    }

    /// <summary>Waits until standard error has this text.</summary>
    public Task SaidAsync(string text, CancellationToken cancellationToken) => _error.HasAsync(text, cancellationToken);

    /// <summary>Waits until standard output has this text.</summary>
    public Task PrintedAsync(string text, CancellationToken cancellationToken) => _output.HasAsync(text, cancellationToken);

    public void Dispose()
    {
        Local.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Registration Register(Action action)
    {
        lock (_onInterrupt)
        {
            _onInterrupt.Add(action);
        }

        return new Registration(() =>
        {
            lock (_onInterrupt)
            {
                _onInterrupt.Remove(action);
            }
        });
    }

    private sealed class Registration(Action onDispose) : IDisposable
    {
        public void Dispose() => onDispose();
    }
}

/// <summary>A clock on which a second takes ten milliseconds, so that pauses are short but still pauses.</summary>
internal sealed class HurriedTime : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 100 : dueTime, period);
}

/// <summary>A stream that one thread writes and another looks at.</summary>
internal sealed class SharedStream : MemoryStream
{
    private readonly Lock _lock = new();
    private readonly List<(byte[] Text, TaskCompletionSource Seen)> _waiting = [];

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        lock (_lock)
        {
            base.Write(buffer.ToArray(), 0, buffer.Length);
            foreach (var waiting in _waiting.Where(w => Holds(w.Text)).ToArray())
            {
                waiting.Seen.TrySetResult();
                _waiting.Remove(waiting);
            }
        }
    }

    public override byte[] ToArray()
    {
        lock (_lock)
        {
            return base.ToArray();
        }
    }

    public Task HasAsync(string text, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            if (Holds(bytes))
            {
                return Task.CompletedTask;
            }

            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((bytes, seen));
            return seen.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        }
    }

    private bool Holds(byte[] text) => GetBuffer().AsSpan(0, (int)Length).IndexOf(text) >= 0;
}
