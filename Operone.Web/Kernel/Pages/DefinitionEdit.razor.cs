using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.JSInterop;
using MudBlazor;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Console.Parts;
using Operone.Web.Files.Pages.Look;

namespace Operone.Web.Kernel.Pages;

/// <summary>Writes a definition as YAML, with what is wrong said as one types, and only over the version that was looked at.</summary>
public sealed partial class DefinitionEdit
{
    private readonly CancellationTokenSource _gone = new();
    private CancellationToken _left;
    private int _looks;
    private string _text = "";
    private int? _version;
    private int _shown;
    private int _wired = -1;
    private bool _isBusy;
    private bool _isDirty;
    private bool _isChecked;
    private Error? _problem;
    private StoredDefinition? _theirs;
    private IReadOnlyList<DocumentProblem> _problems = [];
    private ElementReference _field;
    private ElementReference _host;
    private ElementReference _difference;
    private ElementReference _button;
    private DotNetObjectReference<DefinitionEdit>? _self;
    private CodeScript? _code;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    [Inject]
    private IDialogService Dialogs { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>What it is, in a word: <c>job</c>.</summary>
    [Parameter, EditorRequired]
    public string Kind { get; set; } = "";

    /// <summary>What one begins with where there is none yet.</summary>
    [Parameter, EditorRequired]
    public string Sample { get; set; } = "";

    /// <summary>What is stored; null for a new one.</summary>
    [Parameter]
    public StoredDefinition? Stored { get; set; }

    /// <summary>The button's text.</summary>
    [Parameter, EditorRequired]
    public string SaveText { get; set; } = "";

    /// <summary>Where one goes without saving.</summary>
    [Parameter, EditorRequired]
    public string Back { get; set; } = "";

    /// <summary>Where its schema is.</summary>
    [Parameter, EditorRequired]
    public string SchemaPath { get; set; } = "";

    /// <summary>What is wrong with a text.</summary>
    [Parameter, EditorRequired]
    public Func<string, IReadOnlyList<DocumentProblem>> Check { get; set; } = default!;

    /// <summary>Saves a text in which nothing is wrong, over the version that was looked at; null for a new one.</summary>
    [Parameter, EditorRequired]
    public Func<string, int?, Task<Result<SavedDefinition>>> Save { get; set; } = default!;

    /// <summary>What is stored now.</summary>
    [Parameter, EditorRequired]
    public Func<CancellationToken, Task<Result<StoredDefinition>>> Read { get; set; } = default!;

    /// <summary>What else is said beside the buttons.</summary>
    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    /// <summary>What was typed is another text than what is stored, or is not any more.</summary>
    [JSInvokable]
    public void DirtyAsync(bool isDirty)
    {
        _isDirty = isDirty;
        StateHasChanged();
    }

    /// <summary>One has typed, and paused.</summary>
    [JSInvokable]
    public async Task ChangedAsync()
    {
        try
        {
            // a save looks at the text itself, and one that was typed later is looked at later
            var look = ++_looks;
            if (!_isBusy && await TypedAsync() is { } text && !_isBusy && look == _looks)
            {
                await ShowAsync(Check(text));
                StateHasChanged();
            }
        }
        catch (Exception e) when (IsGone(e))
        {
            // the page was left
        }
    }

    protected override void OnInitialized()
    {
        (_text, _version) = (Stored?.Text ?? Sample, Stored?.Version);
        _left = _gone.Token;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_wired == _shown)
        {
            return;
        }

        _wired = _shown;
        try
        {
            _self ??= DotNetObjectReference.Create(this);
            _code ??= new(Script, Assets["dist/editor/editor.js"]);
            await _code.EditAsync(_field, _host, _button, _self, new($"{Kind}.yaml", Tells: true), _left);
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

    private async Task ShowAsync(IReadOnlyList<DocumentProblem> problems)
    {
        (_problems, _isChecked) = (problems, true);
        await _code!.MarkAsync([.. problems.Where(p => p.Line is not null).Select(p => new CodeMark(p.Line!.Value, p.Column ?? 1, p.Message))], _left);
    }

    /// <summary>Whether the page was left. A call that was given up while it is there is a failure like any other.</summary>
    private bool IsGone(Exception problem) => problem is JSDisconnectedException || (problem is OperationCanceledException && _left.IsCancellationRequested);

    private Task GoToAsync(DocumentProblem problem) => _code!.GoToAsync(problem.Line!.Value, problem.Column ?? 1, _left);

    private async Task<string?> TypedAsync()
    {
        if (_code is not { IsShown: true })
        {
            return null;
        }

        await using var typed = await _code.TypedAsync(_left);
        if (typed.Length > JobRules.MaxDocumentBytes)
        {
            await ShowAsync([new("", $"it is over {JobRules.MaxDocumentBytes} bytes")]);
            return null;
        }

        await using var stream = await typed.OpenReadStreamAsync(JobRules.MaxDocumentBytes, _left);
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        return await reader.ReadToEndAsync(_left);
    }

    private Task SaveAsync() => SaveAsync(_version);

    private async Task SaveAsync(int? over)
    {
        if (_isBusy)
        {
            return;
        }

        _isBusy = true;
        try
        {
            if (_code is not { IsShown: true })
            {
                _problem ??= new Error(ErrorKind.Unavailable, "editor-missing", "The editor is not there yet.", "Wait until it is shown, or load the page again.");
                return;
            }

            if (await TypedAsync() is not { } text)
            {
                return;
            }

            var problems = Check(text);
            await ShowAsync(problems);
            if (problems.Count > 0)
            {
                return;
            }

            var saved = await Save(text, over);
            if (_left.IsCancellationRequested)
            {
                return;
            }

            _problem = saved.Error;
            if (!saved.IsError)
            {
                // it tells whether something else was typed meanwhile: then one is asked before that is lost
                await _code!.SavedAsync(_left);
                Snackbar.Add(saved.Value.Says, Severity.Success);
                Navigation.NavigateTo(saved.Value.Address);
            }
            else if (over is not null && saved.Error!.Kind == ErrorKind.Conflict)
            {
                await CompareAsync(over.Value);
            }
        }
        catch (Exception e) when (IsGone(e))
        {
            // the page was left
        }
        catch (Exception e) when (e is JSException or OperationCanceledException)
        {
            _problem = new Error(ErrorKind.Unavailable, "editor-failed", "The editor does not answer.", $"Nothing was lost: try again, or copy the text and load the page again. {e.Message}");
        }
        finally
        {
            _isBusy = false;
        }
    }

    /// <summary>Shows what is stored beside what was typed, where somebody else stored it.</summary>
    private async Task CompareAsync(int seen)
    {
        var now = await Read(_left);
        if (now.IsError || now.Value.Version == seen)
        {
            return;
        }

        (_theirs, _problem) = (now.Value, null);
        using var theirs = new DotNetStreamReference(new MemoryStream(Encoding.UTF8.GetBytes(now.Value.Text)));
        await _code!.CompareAsync(_difference, theirs, _left);
    }

    private async Task GoOnAsync()
    {
        _theirs = null;
        await _code!.UncompareAsync(_left);
    }

    private void TakeTheirs()
    {
        (_text, _version, _theirs) = (_theirs!.Text, _theirs.Version, null);
        (_problems, _isChecked, _isDirty) = ([], false, false);
        _shown++;
    }

    /// <summary>Asks before what was typed is lost. Of leaving the console altogether the browser asks.</summary>
    private async Task AskAsync(LocationChangingContext context)
    {
        if (_isDirty && !await Dialogs.ConfirmAsync("Leave without saving?", $"What you have changed in the {Kind} was not saved.", "Leave without saving"))
        {
            context.PreventNavigation();
        }
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
