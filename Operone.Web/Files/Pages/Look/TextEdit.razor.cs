using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.JSInterop;
using MudBlazor;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Console.Parts;

namespace Operone.Web.Files.Pages.Look;

/// <summary>Edits a text in its own encoding, with its own line ends.</summary>
public sealed partial class TextEdit
{
    /// <summary>The largest file that is edited here.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>As UTF-8, in which it comes from the page, a text may take four times what it takes in its own encoding.</summary>
    private const int MaxTypedBytes = 4 * MaxBytes;

    private readonly CancellationTokenSource _gone = new();
    private TextKind _kind = TextKind.All[0];
    private string _text = "";
    private string? _tag;
    private string? _theirTag;
    private string? _foreign;
    private bool _isCompared;
    private bool _isDirty;
    private bool _isCrLf;
    private bool _isLoaded;
    private bool _isBusy;
    private int _version;
    private int _wired = -1;
    private Error? _problem;
    private ElementReference _field;
    private ElementReference _button;
    private ElementReference _host;
    private ElementReference _difference;
    private DotNetObjectReference<TextEdit>? _self;
    private CodeScript? _code;

    [Inject]
    private FileService Files { get; set; } = default!;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private IDialogService Dialogs { get; set; } = default!;

    [Parameter, EditorRequired]
    public TreePath Value { get; set; } = TreePath.Top;

    [Parameter, EditorRequired]
    public FileView File { get; set; } = default!;

    /// <summary>The encoding that was chosen by hand.</summary>
    [Parameter]
    public string? As { get; set; }

    /// <summary>Back to looking at it.</summary>
    [Parameter, EditorRequired]
    public EventCallback Done { get; set; }

    private string Says => string.Join(" · ", new[] { _code?.Language, _kind.Name, _isCrLf ? "lines end with CR LF" : null, _isDirty ? "not saved" : null }.OfType<string>());

    /// <summary>What was typed is another text than what is on the device, or is not any more.</summary>
    [JSInvokable]
    public void DirtyAsync(bool isDirty)
    {
        _isDirty = isDirty;
        StateHasChanged();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_isLoaded || _wired == _version)
        {
            return;
        }

        _wired = _version;
        try
        {
            _self ??= DotNetObjectReference.Create(this);
            _code ??= new(Script, Assets["dist/editor/editor.js"]);
            await _code.EditAsync(_field, _host, _button, _self, new(File.Name), _gone.Token);
            StateHasChanged();
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
        catch (JSException problem)
        {
            _problem = new Error(ErrorKind.Unavailable, "editor-missing", "The editor could not be loaded.", $"Load the page again. {problem.Message}");
            StateHasChanged();
        }
    }

    private async Task LoadAsync()
    {
        var read = await ReadAsync();
        _problem = read.Error;
        if (!read.IsError)
        {
            (_text, _tag) = (read.Value.Text, read.Value.Tag);
            (_isCompared, _isDirty, _isLoaded) = (false, false, true);
            _version++;
        }
    }

    private async Task<Result<(string Text, string? Tag)>> ReadAsync()
    {
        if (!File.IsWritable)
        {
            return FileErrors.ReadOnly(Value.ToString());
        }

        var read = await FileBytes.ReadAsync(Files, Actor, Value, 0, MaxBytes + 1, _gone.Token);
        if (read.IsError)
        {
            return read.Error!;
        }

        var (bytes, entry) = read.Value;
        if (bytes.Length > MaxBytes || (TextKind.Named(As, bytes) ?? TextKind.Detect(bytes)) is not { } kind)
        {
            return new Error(ErrorKind.Unprocessable, "file-no-text", "It cannot be edited here.", bytes.Length > MaxBytes
                ? "It has more than 1 MiB. Download it, and upload it again." : "It is no text. Download it, and upload it again.");
        }

        var text = kind.Read(bytes, 0);
        if (!kind.Write(text).AsSpan().SequenceEqual(bytes))
        {
            // what cannot be read cannot be written back as it was
            return new Error(ErrorKind.Unprocessable, "file-no-text", "It cannot be edited here.", $"Some of its bytes are no {kind.Name}: they would be lost.");
        }

        _kind = kind;
        // a field of a page knows one kind of line end; the file keeps its own where it has no other
        var lines = text.Count(c => c == '\n');
        _isCrLf = lines > 0 && CountOf(text, "\r\n") == lines;
        if (text.Count(c => c == '\r') != (_isCrLf ? lines : 0))
        {
            return new Error(ErrorKind.Unprocessable, "file-no-text", "It cannot be edited here.", "Its lines end in different ways, which a field of a page would make the same. Download it, and upload it again.");
        }

        return (text, entry.Tag);
    }

    private Task SaveAsync() => SaveAsync(_tag);

    /// <summary>With what its own encoding does not have.</summary>
    private Task SaveAsUtf8Async()
    {
        _kind = TextKind.All[0];
        return SaveAsync(_isCompared ? _theirTag : _tag);
    }

    private async Task SaveAsync(string? tag)
    {
        if (_isBusy || _code is not { IsShown: true })
        {
            return;
        }

        _isBusy = true;
        try
        {
            var written = await WriteAsync(tag);
            _problem = written.Error;
            if (written.Error is { Code: "file-changed" })
            {
                await CompareAsync();
            }
            else if (!written.IsError)
            {
                _tag = written.Value.Tag;
                await _code.SavedAsync(_gone.Token);
                await GoOnAsync();
                Snackbar.Add($"{File.Name} was saved.", Severity.Success);
            }
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
        finally
        {
            _isBusy = false;
        }
    }

    /// <summary>Shows what is on the device now beside what was typed.</summary>
    private async Task CompareAsync()
    {
        var now = await ReadAsync();
        _problem = now.Error;
        if (!now.IsError)
        {
            (_theirTag, _isCompared) = (now.Value.Tag, true);
            using var theirs = new DotNetStreamReference(new MemoryStream(Encoding.UTF8.GetBytes(now.Value.Text)));
            await _code!.CompareAsync(_difference, theirs, _gone.Token);
        }
    }

    private async Task GoOnAsync()
    {
        if (_isCompared)
        {
            _isCompared = false;
            await _code!.UncompareAsync(_gone.Token);
        }
    }

    /// <summary>Asks before what was typed is lost. Of leaving the console altogether the browser asks.</summary>
    private async Task AskAsync(LocationChangingContext context)
    {
        if (_isDirty && !await Dialogs.ConfirmAsync("Leave without saving?", $"What you have changed in {File.Name} was not saved.", "Leave without saving"))
        {
            context.PreventNavigation();
        }
    }

    private async Task<Result<FileView>> WriteAsync(string? tag)
    {
        await using var typed = await _code!.TypedAsync(_gone.Token);
        if (typed.Length > MaxTypedBytes)
        {
            return TooLong();
        }

        await using var stream = await typed.OpenReadStreamAsync(MaxTypedBytes, _gone.Token);
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        var text = await reader.ReadToEndAsync(_gone.Token);
        text = _isCrLf ? text.Replace("\n", "\r\n", StringComparison.Ordinal) : text;
        _foreign = _kind.Foreign(text);
        if (_foreign is { } foreign)
        {
            return new Error(ErrorKind.Unprocessable, "file-no-text", "It was not saved.", $"\"{foreign}\" cannot be written in {_kind.Name}.");
        }

        var bytes = _kind.Write(text);
        if (bytes.Length > MaxBytes)
        {
            return TooLong();
        }

        using var content = new MemoryStream(bytes);
        return await Files.WriteAsync(Actor, Value, content, new(Tag: tag), _gone.Token);
    }

    private static Error TooLong() => new(ErrorKind.Unprocessable, "file-too-long", "It has become too long.", "More than 1 MiB cannot be edited here.");

    private static int CountOf(string text, string part)
    {
        var count = 0;
        for (var at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        if (_code is not null)
        {
            await _code.DisposeAsync();
        }

        _self?.Dispose();
        _gone.Dispose();
    }
}
