using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Shell.Recordings;

namespace Operone.Web.Shell.Pages.Recordings;

/// <summary>
/// One recording: plays it, in a frame of its own (<see cref="RecordingPlayer"/>), and finds text in it. The moment to begin at and
/// what is looked for are in the address.
/// </summary>
public sealed partial class RecordingPage
{
    private RecordingView? _recording;
    private Page<RecordingMatch>? _matches;
    private Error? _searchProblem;
    private Guid? _shown;
    private double _start;
    private double? _at;
    private ElementReference _frame;
    private IJSObjectReference? _module;

    [Inject]
    private RecordingReader Reader { get; set; } = default!;

    [Inject]
    private RecordingSearch Search { get; set; } = default!;

    [Inject]
    private RecordingRemoval Removal { get; set; } = default!;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    [Parameter]
    public Guid Id { get; set; }

    /// <summary>The moment to begin at, in seconds.</summary>
    [SupplyParameterFromQuery]
    public double? T { get; set; }

    /// <summary>What is looked for.</summary>
    [SupplyParameterFromQuery]
    public string? Q { get; set; }

    private bool MayRemove => _recording is not null && Sight.May(Actor, Permissions.RecordingsManage, _recording.DeviceId);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Recordings];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (_shown != Id)
        {
            (_shown, _start, _at) = (Id, T ?? 0, T);
        }

        var recording = await Reader.GetAsync(Actor, Id, cancellationToken);
        (Problem, _recording) = recording.Match<(Error?, RecordingView?)>(r => (null, r), e => (e, null));
        (_searchProblem, _matches) = (null, null);
        if (_recording is not null && !string.IsNullOrWhiteSpace(Q))
        {
            var matches = await Search.FindAsync(Actor, Q, Id, 200, null, cancellationToken);
            (_searchProblem, _matches) = matches.Match<(Error?, Page<RecordingMatch>?)>(m => (null, m), e => (e, null));
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (T is not { } moment || _at == T || _recording is null)
        {
            return;
        }

        // The frame stays as it is: it is told where to go.
        _at = T;
        try
        {
            _module ??= await Script.InvokeAsync<IJSObjectReference>("import", Gone, "./" + Assets["Shell/Pages/Recordings/RecordingPage.razor.js"]);
            await _module.InvokeVoidAsync("seek", Gone, _frame, moment);
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
    }

    private void Find(string? text) => Navigation.NavigateTo(
        Navigation.GetUriWithQueryParameter("q", string.IsNullOrWhiteSpace(text) ? null : text.Trim()), replace: true);

    private async Task RemoveAsync()
    {
        var recording = _recording!;
        if (!await DialogService.ConfirmAsync(
            "Remove the recording?",
            $"The recording of '{recording.Title ?? recording.Command}' on {recording.DeviceName}, {Quantities.FormatSize(recording.Bytes)}, goes for good. That there was a terminal stays known.",
            "Remove the recording"))
        {
            return;
        }

        var removed = await Removal.RemoveAsync(Actor, Id, Gone);
        Problem = removed.Error;
        if (!removed.IsError)
        {
            Snackbar.Add("The recording was removed.", Severity.Success);
            Navigation.NavigateTo("recordings");
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
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
    }
}
