using System.Globalization;
using Microsoft.AspNetCore.Components;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages.Look.Tables;

/// <summary>A table out of one window of a file, so that a huge one opens at once.</summary>
public sealed partial class TableLook
{
    /// <summary>How much of the file's beginning is read for the names of its columns.</summary>
    private const int HeadBytes = 64 * 1024;

    private readonly CancellationTokenSource _gone = new();
    private (TreePath Path, string? At, string? As, string? Tag)? _shown;
    private LookRead? _read;
    private TableText? _table;
    private TableRow? _head;
    private List<NumberedRow> _rows = [];
    private int[] _widths = [];
    private bool[] _isNumber = [];
    private char? _separator;
    private bool? _hasHeader;
    private string? _next;
    private Error? _problem;

    [Inject]
    private FileService Files { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Parameter, EditorRequired]
    public TreePath Value { get; set; } = TreePath.Top;

    [Parameter, EditorRequired]
    public FileView File { get; set; } = default!;

    /// <summary>The byte to begin at, or <c>end</c>.</summary>
    [Parameter]
    public string? At { get; set; }

    /// <summary>The encoding that was chosen by hand.</summary>
    [Parameter]
    public string? As { get; set; }

    // names are words: a first row with a number in it is one of values
    private bool HasHeader => _hasHeader ?? (_head is { } head && head.Cells.All(c => c.Length > 0 && !IsNumber(c)));

    private string Says
    {
        get
        {
            if (_table is not { } table || _read is not { } read)
            {
                return "";
            }

            var where = read.Window.IsWhole ? "" : $"{Quantities.FormatSize(read.Window.Offset)} to {Quantities.FormatSize(read.Window.Offset + read.Window.Length)} of {Quantities.FormatSize(read.Window.Size)}";
            var columns = table.Columns >= TableText.MaxColumns ? $"the first {TableText.MaxColumns} columns" : table.Columns == 1 ? "1 column" : $"{table.Columns} columns";
            return string.Join(" · ", new[] { _rows.Count == 1 ? "1 row" : $"{_rows.Count:N0} rows", columns, where }.Where(w => w.Length > 0));
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_shown != (Value, At, As, File.Tag))
        {
            _shown = (Value, At, As, File.Tag);
            await LoadAsync();
        }
    }

    private async Task LoadAsync()
    {
        try
        {
            _problem = await LoadAsync(_gone.Token);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // the page was left
        }
    }

    private async Task<Error?> LoadAsync(CancellationToken cancellationToken)
    {
        // from a byte on, which is where a row begins; of the end the first line, which is cut, is left out
        var read = await LookRead.ReadAsync(Files, Actor, Value, As, (size, _) =>
        {
            var from = At == "end" ? Math.Max(0, size - FileWindow.MaxBytes) / 4 * 4 : Math.Clamp(LookRead.Offset(At) ?? 0, 0, Math.Max(0, size - 1));
            return new(from, (int)Math.Min(FileWindow.MaxBytes, size - from), size);
        }, cancellationToken);
        if (read.IsError)
        {
            return read.Error;
        }

        (_read, _table) = (read.Value, null);
        if (_read.Kind is not { } kind)
        {
            return null;
        }

        string text, head;
        if (_read.Window.IsFirst)
        {
            text = head = _read.Text;
        }
        else
        {
            var first = await FileBytes.ReadAsync(Files, Actor, Value, 0, HeadBytes, cancellationToken);
            if (first.IsError)
            {
                return first.Error;
            }

            (text, head) = (_read.Text, kind.Read(first.Value.Bytes, 0));
            text = At == "end" ? text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..] : text;
        }

        Lay(text, head);
        return null;
    }

    private void Lay(string text, string head)
    {
        var separator = _separator ?? TableText.Guess(File.Name, head);
        var window = _read!.Window;
        var beginning = window.IsFirst ? null : TableText.Read(head, separator, null, isFirst: true, isLast: false);
        _table = TableText.Read(text, separator, beginning?.Rows.Count > 0 ? beginning.Rows[0].Values : null, window.IsFirst, window.IsLast);
        _head = window.IsFirst ? _table.Rows.Count > 0 ? _table.Rows[0] : null : beginning!.Rows.Count > 0 ? beginning.Rows[0] : null;

        // the row that goes on after the window is where the next one begins: as many bytes before the end as it has
        var rest = _table.Rest == 0 ? 0 : _read.Kind!.Encoding.GetByteCount(text.AsSpan(text.Length - _table.Rest));
        _next = window.IsLast ? null : (window.Offset + window.Length - rest - Cut(text)).ToString(CultureInfo.InvariantCulture);
        Measure();
    }

    /// <summary>How many bytes at the window's end are a part of a character, and were left out.</summary>
    private int Cut(string text)
    {
        if (_read!.Kind!.Encoding.IsSingleByte || _read.Window.IsLast || text.Contains('\uFFFD', StringComparison.Ordinal) || At == "end")
        {
            return 0;
        }

        var whole = _read.Kind.Encoding.GetByteCount(text) + (_read.Window.IsFirst ? _read.Kind.Mark : 0);
        return _read.Window.Length - whole is var cut and >= 0 and < 4 ? cut : 0;
    }

    private void Measure()
    {
        var rows = _table!.Rows;
        var skip = HasHeader && _read!.Window.IsFirst ? 1 : 0;
        _rows = [.. rows.Skip(skip).Select((r, i) => new NumberedRow(i + 1, r))];
        _widths = new int[_table.Columns];
        _isNumber = new bool[_table.Columns];
        for (var i = 0; i < _widths.Length; i++)
        {
            var values = _rows.Take(200).Where(r => i < r.Cells.Count && r.Cells[i].Length > 0).Select(r => r.Cells[i]).ToList();
            _isNumber[i] = values.Count > 0 && values.TrueForAll(IsNumber);
            _widths[i] = Math.Clamp(values.Append(NameOf(i)).Max(v => v.Length) + 4, 8, 44);
        }
    }

    private Task PartAsync(ChangeEventArgs e)
    {
        _separator = e.Value is string { Length: 1 } chosen ? chosen[0] : null;
        return LoadAsync();
    }

    private void Head(ChangeEventArgs e)
    {
        _hasHeader = e.Value is true;
        Measure();
    }

    private string NameOf(int column) => HasHeader && _head is { } head && column < head.Cells.Count ? head.Cells[column] : $"{column + 1}";

    private static bool IsNumber(string value) => double.TryParse(value, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out _);

    private static string Shown(string? value) => Short(value ?? "", 300).ReplaceLineEndings(" ⏎ ");

    private static string Short(string text, int most) => text.Length <= most ? text : text[..most] + "…";

    private string With(string? at) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["at"] = at, ["found"] = null });

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    private sealed record NumberedRow(int Number, TableRow Row)
    {
        public int? Line => Row.Line;

        public IReadOnlyList<string> Cells => Row.Cells;

        public bool IsBroken => Row.IsBroken;
    }
}
