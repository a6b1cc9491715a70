namespace Operone.Core.Shell;

/// <summary>
/// A control message of a streamed standard input or output: the text messages of its channel. What is said depends on
/// <see cref="Type"/>, one of <see cref="StreamControls"/>.
/// </summary>
public sealed record StreamControl
{
    /// <summary>Which message.</summary>
    public required string Type { get; init; }
    /// <summary>How many bytes the command has taken, or how many of its output have been handed on.</summary>
    public long? Offset { get; init; }
    /// <summary>In the end of an output: the command's exit code.</summary>
    public int? ExitCode { get; init; }
    /// <summary>In <c>attached</c> and <c>ended</c> of an input: whether it has come to its end.</summary>
    public bool? Ended { get; init; }
    /// <summary>Words for people, where it ended in another way than by its own end.</summary>
    public string? Text { get; init; }
}

/// <summary>The types of <see cref="StreamControl"/>.</summary>
public static class StreamControls
{
    /// <summary>Node to host, first: what follows is standard input. The newest connection counts, an older one is let go.</summary>
    public const string Stdin = "stdin";
    /// <summary>Node to host, first: send standard output. There is one who takes it.</summary>
    public const string Stdout = "stdout";
    /// <summary>Node to host, first: how far is standard input? The answer is <see cref="Attached"/>.</summary>
    public const string Look = "look";
    /// <summary>Host to node: it is taken; go on at this offset.</summary>
    public const string Attached = "attached";
    /// <summary>
    /// Host to node, last: of an input that its end was handed on, or in words why no more of it is taken; of an output that
    /// this was all of it, and that the command has ended. The close that follows is to be answered by a close.
    /// </summary>
    public const string Ended = "ended";
}

/// <summary>The limits of streams.</summary>
public static class StreamLimits
{
    /// <summary>How long a device waits for another connection after one that broke, and for one who takes output, in seconds.</summary>
    public const int PatienceSeconds = 60;
    /// <summary>In <c>stdin</c> and <c>stdout</c> of a run: it is streamed.</summary>
    public const string Word = "stream";
}

/// <summary>How far a streamed standard input is.</summary>
/// <param name="Offset">How many bytes the command's end of it has taken.</param>
/// <param name="Ended">Whether no more is taken: its end was handed on, or the command has stopped reading.</param>
/// <param name="Reason">Why no more is taken, where that is not its own end.</param>
public sealed record StdinView(long Offset, bool Ended, string? Reason = null);
