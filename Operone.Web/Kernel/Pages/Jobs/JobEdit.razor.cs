using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.JSInterop;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Console.Parts;
using Operone.Web.Files.Pages.Look;
using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Documents;

namespace Operone.Web.Kernel.Pages.Jobs;

/// <summary>Writes a job as YAML, with what is wrong said as one types.</summary>
public sealed partial class JobEdit
{
    private const string Example = """
        # A job: commands with a name, that are run again and again. Press "Schema" to see all that it can have.
        name: hello
        description: Says hello on some devices.
        parameters:
          - name: greeting
            default: hello
        target:
          selector: role=web
        rollout:
          canary: 1
          batch: 25%
        steps:
          - command: echo "$PARAM_GREETING from $(hostname)"

        """;

    private readonly CancellationTokenSource _gone = new();
    private JobView? _job;
    private string _text = "";
    private bool _isLoaded;
    private bool _isBusy;
    private bool _isDirty;
    private bool _isChecked;
    private bool _isWired;
    private Error? _problem;
    private IReadOnlyList<DocumentProblem> _problems = [];
    private ElementReference _field;
    private ElementReference _host;
    private ElementReference _button;
    private DotNetObjectReference<JobEdit>? _self;
    private CodeScript? _code;

    [Inject]
    private JobService Service { get; set; } = default!;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    [Inject]
    private IDialogService Dialogs { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

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
            if (!_isBusy && await TypedAsync() is { } text)
            {
                await ShowAsync(JobDocument.Check(text).Problems);
                StateHasChanged();
            }
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_isLoaded)
        {
            return;
        }

        _problem = Actor.Lacks(Permissions.JobsManage);
        if (_problem is null && Id is { } id)
        {
            var job = await Service.GetAsync(Actor, id.ToString(), _gone.Token);
            (_problem, _job) = job.Match<(Error?, JobView?)>(j => (null, j), e => (e, null));
        }

        (_text, _isLoaded) = (_job is null ? Example : YamlWriter.Write(_job.Definition!), _problem is null);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_isLoaded || _isWired)
        {
            return;
        }

        _isWired = true;
        try
        {
            _self ??= DotNetObjectReference.Create(this);
            _code ??= new(Script, Assets["dist/editor/editor.js"]);
            await _code.EditAsync(_field, _host, _button, _self, new("job.yaml", Tells: true), _gone.Token);
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
        await _code!.MarkAsync([.. problems.Where(p => p.Line is not null).Select(p => new CodeMark(p.Line!.Value, p.Column ?? 1, p.Message))], _gone.Token);
    }

    private Task GoToAsync(DocumentProblem problem) => _code!.GoToAsync(problem.Line!.Value, problem.Column ?? 1, _gone.Token);

    private async Task<string?> TypedAsync()
    {
        if (_code is not { IsShown: true })
        {
            return null;
        }

        await using var typed = await _code.TypedAsync(_gone.Token);
        if (typed.Length > JobRules.MaxDocumentBytes)
        {
            await ShowAsync([new("", $"it is over {JobRules.MaxDocumentBytes} bytes")]);
            return null;
        }

        await using var stream = await typed.OpenReadStreamAsync(JobRules.MaxDocumentBytes, _gone.Token);
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        return await reader.ReadToEndAsync(_gone.Token);
    }

    private async Task SaveAsync()
    {
        if (_isBusy)
        {
            return;
        }

        _isBusy = true;
        try
        {
            if (await TypedAsync() is not { } text)
            {
                return;
            }

            var read = JobDocument.Check(text);
            await ShowAsync(read.Problems);
            if (read.Definition is not { } definition)
            {
                return;
            }

            var written = _job is null && await IsTakenAsync(definition.Name!) ? JobErrors.NameTaken(definition.Name!)
                : await Service.WriteAsync(Actor, Id?.ToString(), definition, _job?.Version, CancellationToken.None);
            _problem = written.Error;
            if (!written.IsError)
            {
                await _code!.SavedAsync(_gone.Token);
                _isDirty = false;
                Snackbar.Add(written.Value.Outcome == "unchanged" ? "Nothing was changed." : $"{written.Value.Job.Name} is version {written.Value.Job.Version} now.", Severity.Success);
                Navigation.NavigateTo($"jobs/{written.Value.Job.Id}");
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

    // one that is made here takes no other's place
    private async Task<bool> IsTakenAsync(string name) => !(await Service.GetAsync(Actor, name, _gone.Token)).IsError;

    /// <summary>Asks before what was typed is lost. Of leaving the console altogether the browser asks.</summary>
    private async Task AskAsync(LocationChangingContext context)
    {
        if (_isDirty && !await Dialogs.ConfirmAsync("Leave without saving?", "What you have changed in the job was not saved.", "Leave without saving"))
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
