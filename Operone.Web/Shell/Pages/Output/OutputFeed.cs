using System.Text;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Pages.Output;

/// <summary>Lines to show, as HTML.</summary>
/// <param name="Clear">Whether what was shown before goes: more came than is ever shown.</param>
/// <param name="Blocks">Whole lines, in blocks.</param>
/// <param name="Open">The lines that have not ended.</param>
internal sealed record OutputUpdate(bool Clear, IReadOnlyList<OutputBlock> Blocks, string Open);

/// <summary>Some lines as HTML.</summary>
internal sealed record OutputBlock(int Lines, string Html);

/// <summary>
/// Turns an execution's output into lines of HTML, and keeps what was not yet shown: the last
/// <see cref="MaxLines"/> at the most, however much is read.
/// </summary>
internal sealed class OutputFeed
{
    /// <summary>How many lines are shown at the most.</summary>
    public const int MaxLines = 5000;

    private const int BlockLines = 100;

    private readonly TextStream _stdout = new();
    private readonly TextStream _stderr = new();
    private readonly Queue<OutputBlock> _blocks = new();
    private readonly StringBuilder _html = new();
    private int _htmlLines;
    private int _waitingLines;
    private bool _clear;
    private OutputStream _last = OutputStream.Stdout;

    /// <summary>Lines that were read, whether or not they are still shown.</summary>
    public long TotalLines { get; private set; }

    /// <summary>Whether lines were left out because there were more than are shown.</summary>
    public bool HasLeftOut => TotalLines > MaxLines;

    /// <summary>Reads a piece of output, in the order of arrival.</summary>
    public void Read(OutputStream stream, ReadOnlySpan<byte> data)
    {
        _last = stream;
        if (stream == OutputStream.Stderr)
        {
            _stderr.Read(data, () => End(_stderr, isError: true));
        }
        else
        {
            _stdout.Read(data, () => End(_stdout, isError: false));
        }
    }

    /// <summary>What is new since the last time.</summary>
    public OutputUpdate Take()
    {
        Seal();
        var update = new OutputUpdate(_clear, [.. _blocks], OpenHtml());
        _blocks.Clear();
        (_waitingLines, _clear) = (0, false);
        return update;
    }

    private void End(TextStream stream, bool isError)
    {
        stream.Line.WriteTo(_html, isError);
        TotalLines++;
        if (++_htmlLines == BlockLines)
        {
            Seal();
        }
    }

    private void Seal()
    {
        if (_htmlLines == 0)
        {
            return;
        }

        _blocks.Enqueue(new(_htmlLines, _html.ToString()));
        _waitingLines += _htmlLines;
        _html.Clear();
        _htmlLines = 0;
        while (_waitingLines - _blocks.Peek().Lines >= MaxLines)
        {
            _waitingLines -= _blocks.Dequeue().Lines;
            _clear = true;
        }
    }

    private string OpenHtml()
    {
        var html = new StringBuilder();
        var first = _last == OutputStream.Stderr ? _stdout : _stderr;
        var second = first == _stdout ? _stderr : _stdout;
        foreach (var stream in (ReadOnlySpan<TextStream>)[first, second])
        {
            if (!stream.Line.IsEmpty)
            {
                stream.Line.WriteTo(html, stream == _stderr);
            }
        }

        return html.ToString();
    }
}
