using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages.Look;

/// <summary>Shows a file's bytes: one window, so that a huge file opens at once; or what is added at its end.</summary>
public sealed partial class ByteLook
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _gone = new();
    private readonly List<(int Id, string Text)> _parts = [];
    private (TreePath Path, string? Look, string? At, string? As, string? Tag)? _shown;
    private int _mark = -1;
    private int _from;
    private CodeScript? _code;
    private ElementReference _host;
    private int _version;
    private int _coded;
    private FileWindow _window;
    private TextKind? _kind;
    private Error? _problem;
    private ElementReference _text;
    private IJSObjectReference? _module;
    private CancellationTokenSource? _follow;
    private Task _following = Task.CompletedTask;
    private Decoder? _decoder;
    private int _lastPart;
    private bool _isLoaded;
    private bool _isEmpty;
    private bool _wraps;
    private bool _sticks;

    [Inject]
    private FileService Files { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [Parameter, EditorRequired]
    public TreePath Value { get; set; } = TreePath.Top;

    [Parameter, EditorRequired]
    public FileView File { get; set; } = default!;

    /// <summary>hex, follow or tidy; else text where it is one.</summary>
    [Parameter]
    public string? Look { get; set; }

    /// <summary>The byte to begin at, or <c>end</c>.</summary>
    [Parameter]
    public string? At { get; set; }

    /// <summary>The encoding that was chosen by hand.</summary>
    [Parameter]
    public string? As { get; set; }

    /// <summary>How many characters from there on were found: they are shown so, and come into sight.</summary>
    [Parameter]
    public int Found { get; set; }

    private bool IsFollowing => Look == "follow";

    private bool IsHex => Look == "hex" || (!IsFollowing && _isLoaded && _kind is null);

    private bool IsTidy => Look == "tidy";

    /// <summary>Which of the ways that its kind has.</summary>
    private string? Way => IsHex ? "hex" : IsFollowing || IsTidy ? Look : LookKinds.Ways(LookKinds.Of(File.Name)).Any(w => w.Look == "text") ? "text" : null;

    private int Step => IsHex ? HexText.MaxBytes : FileWindow.MaxBytes;

    private long Previous => FileWindow.At(_window.Offset - 1, _window.Size, Step).Offset;

    private long Next => FileWindow.At(_window.Offset + Step, _window.Size, Step).Offset;

    private string Says
    {
        get
        {
            if (!_isLoaded)
            {
                return "";
            }

            var kind = IsHex ? (_kind is null ? "no text: shown byte by byte" : "") : string.Join(" · ", new[] { _code?.Language, IsTidy ? "laid out anew" : null }.OfType<string>());
            var where = IsFollowing ? "what is written to its end shows here by itself"
                : _window.IsWhole ? "" : $"{Quantities.FormatSize(_window.Offset)} to {Quantities.FormatSize(_window.Offset + _window.Length)} of {Quantities.FormatSize(_window.Size)}";
            return string.Join(" · ", new[] { kind, where }.Where(w => w.Length > 0));
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_shown is { } shown && shown.Path.Equals(Value) && (shown.Look, shown.At, shown.As, shown.Tag) == (Look, At, As, File.Tag))
        {
            return;
        }

        _shown = (Value, Look, At, As, File.Tag);
        await UnfollowAsync();
        await LoadAsync();
        if (IsFollowing && _problem is null && RendererInfo.IsInteractive)
        {
            _follow = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
            _following = FollowAsync(_follow.Token);
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        await CodeAsync();
        if (!IsFollowing || !_isLoaded || _sticks)
        {
            return;
        }

        _sticks = true;
        try
        {
            _module ??= await Script.InvokeAsync<IJSObjectReference>("import", _gone.Token, "./" + Assets["dist/files.js"]);
            await _module.InvokeVoidAsync("stick", _gone.Token, _text);
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
    }

    /// <summary>Puts the text into Monaco; takes it away where there is none.</summary>
    private async Task CodeAsync()
    {
        if (_coded == _version || !_isLoaded || !RendererInfo.IsInteractive)
        {
            return;
        }

        _coded = _version;
        try
        {
            if (IsHex || IsFollowing || _isEmpty)
            {
                await (_code?.StopAsync() ?? Task.CompletedTask);
                return;
            }

            _code ??= new(Script, Assets["dist/editor/editor.js"]);
            await _code.ShowAsync(_text, _host, new(File.Name, _wraps, _from, _mark < 0 ? 0 : Found, _window.IsFirst ? 1 : null), _gone.Token);
            StateHasChanged();
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
        catch (JSException)
        {
            // without the editor's script the text stays as it is, in the page's own element
        }
    }

    private async Task WrapAsync()
    {
        _wraps = !_wraps;
        if (_code is not null)
        {
            await _code.WrapAsync(_wraps, _gone.Token);
        }
    }

    private async Task LoadAsync()
    {
        try
        {
            _problem = await LoadAsync(_gone.Token);
            _isLoaded = _problem is null;
            _version++;
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // the page was left
        }
    }

    private async Task<Error?> LoadAsync(CancellationToken cancellationToken)
    {
        var read = await LookRead.ReadAsync(Files, Actor, Value, As, (size, kind) =>
        {
            var most = Look == "hex" || (kind is null && !IsFollowing) ? HexText.MaxBytes : FileWindow.MaxBytes;
            return IsFollowing || At == "end" ? FileWindow.End(size, most) : FileWindow.At(LookRead.Offset(At) ?? 0, size, most);
        }, cancellationToken);
        if (read.IsError)
        {
            return read.Error;
        }

        (var bytes, _window, _kind) = read.Value;
        _isEmpty = bytes.Length == 0;
        _parts.Clear();
        _decoder = null;
        if (!IsFollowing)
        {
            AddText(bytes);
        }
        else
        {
            AddEnd(bytes);
        }

        return null;
    }

    /// <summary>The window, as text with what was found in it, or in digits.</summary>
    private void AddText(byte[] bytes)
    {
        (_mark, _from) = (-1, 0);
        if (_kind is null || Look == "hex")
        {
            Add(HexText.Write(bytes, _window.Offset));
            return;
        }

        var at = Found > 0 && LookRead.Offset(At) is { } found ? found - _window.Offset : -1;
        if (at < 0 || at >= bytes.Length)
        {
            var text = _kind.Read(bytes, _window.Offset);
            Add(IsTidy ? JsonLayout.Write(text) : text);
            return;
        }

        var before = _kind.Read(bytes.AsSpan(0, (int)at), _window.Offset);
        _from = before.Length;
        Add(before);
        var rest = _kind.Read(bytes.AsSpan((int)at), _window.Offset + at);
        var length = Math.Min(Found, rest.Length);
        _mark = _lastPart;
        Add(rest[..length]);
        Add(rest[length..]);
    }

    private void Add(string text)
    {
        if (text.Length > 0)
        {
            _parts.Add((_lastPart++, text));
        }
    }

    /// <summary>What came to the end; what is far above it goes.</summary>
    private void AddEnd(byte[] bytes)
    {
        _decoder ??= (_kind?.Encoding ?? Encoding.UTF8).GetDecoder();
        var text = new char[_decoder.GetCharCount(bytes, flush: false)];
        _decoder.GetChars(bytes, text, flush: false);
        Add(new(text));
        while (_parts.Count > 1 && (_parts.Count > 2000 || _parts.Skip(1).Sum(p => p.Text.Length) > FileWindow.MaxBytes))
        {
            _parts.RemoveAt(0);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_pause, Time, cancellationToken);
                await InvokeAsync(() => ReadOnAsync(cancellationToken));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the page was left
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private async Task ReadOnAsync(CancellationToken cancellationToken)
    {
        var stat = await Files.StatAsync(Actor, Value, cancellationToken);
        var size = stat.IsError ? 0 : stat.Value.Size ?? 0;
        if (stat.IsError)
        {
            // it may come back: a log that is rotated is gone for a moment, a device for longer
            _problem = stat.Error;
        }
        else if (size < _window.Size || size > _window.Size + FileWindow.MaxBytes)
        {
            _problem = await LoadAsync(cancellationToken);
        }
        else if (size > _window.Size)
        {
            var read = await FileBytes.ReadAsync(Files, Actor, Value, _window.Size, (int)(size - _window.Size), cancellationToken);
            _problem = read.Error;
            if (!read.IsError)
            {
                AddEnd(read.Value.Bytes);
                _window = _window with { Size = _window.Size + read.Value.Bytes.Length };
            }
        }
        else if (_problem is null)
        {
            return;
        }
        else
        {
            _problem = null;
        }

        StateHasChanged();
    }

    private async Task UnfollowAsync()
    {
        _sticks = false;
        var (follow, following) = (_follow, _following);
        _follow = null;
        if (follow is not null)
        {
            await follow.CancelAsync();
            await following;
            follow.Dispose();
        }
    }

    private string With(string? look, string? at) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["view"] = look, ["at"] = at, ["found"] = null });

    private static string? Number(long offset) => offset == 0 ? null : offset.ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        await UnfollowAsync();
        if (_code is not null)
        {
            await _code.DisposeAsync();
        }

        try
        {
            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // nobody is there to clean up for
        }

        _gone.Dispose();
    }
}
