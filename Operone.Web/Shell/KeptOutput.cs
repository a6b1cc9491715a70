using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Primitives;
using Operone.Core;
using Operone.Core.Shell;
using Operone.Web.Data;

namespace Operone.Web.Shell;

/// <summary>Where a piece of output lies, and which bytes of its stream it has.</summary>
internal readonly record struct PlacedPiece(long Seq, JournalKind Kind, long Offset, int Length);

/// <summary>
/// What is kept of output whose newest is kept, as an answer to a request: all of it, or the part that <c>Range</c> asks for by the offsets
/// of the stream itself. What is not kept any more is passed by, and a header says so in words.
/// </summary>
internal sealed class KeptOutput : IResult
{
    /// <summary>Says in words what is not kept any more. Not there where all of it is.</summary>
    public const string LetGoHeader = "Operone-Let-Go";

    private readonly IDbContextFactory<OperoneDb> _databases;
    private readonly List<Stretch> _stretches = [];
    private readonly long _total;
    private readonly long _newestBytes;
    private readonly string _contentType;

    /// <param name="databases">Where the pieces are read from.</param>
    /// <param name="execution">Whose output it is.</param>
    /// <param name="stream">Which stream; null for both in the order of arrival, where a place is that of both added up.</param>
    /// <param name="pieces">What is kept, in order.</param>
    public KeptOutput(IDbContextFactory<OperoneDb> databases, Execution execution, OutputStream? stream, IEnumerable<PlacedPiece> pieces)
    {
        (_databases, _newestBytes) = (databases, execution.NewestBytes ?? 0);
        _contentType = stream is null ? "text/plain; charset=utf-8" : "application/octet-stream";
        var expected = new Dictionary<JournalKind, long> { [JournalKind.Stdout] = execution.StdoutFrom, [JournalKind.Stderr] = execution.StderrFrom };
        _total = (stream == OutputStream.Stderr ? 0 : execution.StdoutBytes) + (stream == OutputStream.Stdout ? 0 : execution.StderrBytes);
        var at = (stream == OutputStream.Stderr ? 0 : execution.StdoutFrom) + (stream == OutputStream.Stdout ? 0 : execution.StderrFrom);
        foreach (var piece in pieces)
        {
            var missing = Math.Max(0, piece.Offset - expected[piece.Kind]);
            if (missing > 0 || _stretches.Count == 0)
            {
                _stretches.Add(new Stretch(at += missing));
            }

            _stretches[^1].Add(piece);
            at += piece.Length;
            expected[piece.Kind] = piece.Offset + piece.Length;
        }
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = _contentType;
        response.Headers.AcceptRanges = "bytes";
        var kept = _stretches.Sum(s => s.Length);
        if (kept < _total)
        {
            response.Headers[LetGoHeader] = string.Create(CultureInfo.InvariantCulture,
                $"{_total - kept} of {_total} bytes are not kept any more; the newest {Quantities.FormatSize(_newestBytes)} are. What is kept begins at byte {(_stretches.Count > 0 ? _stretches[0].From : _total)}.");
        }

        if (httpContext.Request.Headers.Range is not { Count: > 0 } header || Parse(header) is not { } range)
        {
            response.ContentLength = kept;
            await CopyAsync(httpContext, [.. _stretches.SelectMany(s => s.Pieces)], 0, kept);
            return;
        }

        var (from, to) = range.From is { } first ? (first, Math.Min(range.To ?? long.MaxValue, _total - 1)) : (Math.Max(0, End - range.To!.Value), End - 1);
        if (_stretches.Find(s => s.From + s.Length > from) is not { } stretch || Math.Max(from, stretch.From) > to)
        {
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{_total}");
            return;
        }

        // no further than to the next gap: whoever wants more asks for what comes after, and is told where it begins
        (from, to) = (Math.Max(from, stretch.From), Math.Min(to, stretch.From + stretch.Length - 1));
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{_total}");
        response.ContentLength = to - from + 1;
        await CopyAsync(httpContext, stretch.Pieces, from - stretch.From, to - from + 1);
    }

    /// <summary>Where what is kept ends. What was lost on the device may come after it, until more is printed.</summary>
    private long End => _stretches.Count > 0 ? _stretches[^1].From + _stretches[^1].Length : _total;

    private static RangeItemHeaderValue? Parse(StringValues header) =>
        RangeHeaderValue.TryParse(header.ToString(), out var parsed) && parsed is { Unit: "bytes", Ranges: { Count: 1 } ranges } ? ranges.Single() : null;

    private async Task CopyAsync(HttpContext http, IReadOnlyList<PlacedPiece> pieces, long from, long count)
    {
        if (HttpMethods.IsHead(http.Request.Method))
        {
            return;
        }

        await using var stream = new JournalStream(_databases, [.. pieces.Select(p => new JournalPiece(p.Seq, p.Length))]) { Position = from };
        var buffer = new byte[64 * 1024];
        while (count > 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), http.RequestAborted);
            await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
            count -= read;
        }
    }

    /// <summary>Pieces without a gap.</summary>
    private sealed class Stretch(long from)
    {
        private readonly List<PlacedPiece> _pieces = [];

        public long From { get; } = from;

        public long Length { get; private set; }

        public IReadOnlyList<PlacedPiece> Pieces => _pieces;

        public void Add(PlacedPiece piece)
        {
            _pieces.Add(piece);
            Length += piece.Length;
        }
    }
}
