using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;
using Operone.Web.Events;

namespace Operone.Web.Access.Pages;

/// <summary>Requests for access: one's own, and everybody's for who decides them.</summary>
public sealed partial class AccessRequests
{
    private static readonly string[] States = ["open", "approved", "refused", "withdrawn"];

    private Page<AccessRequestView>? _page;
    private Error? _error;
    private bool _asked;

    [Inject]
    private AccessRequestService Service { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Status { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    /// <summary>Whether the form is wanted at once: from where somebody was not allowed.</summary>
    [SupplyParameterFromQuery]
    public bool New { get; set; }

    protected override TimeSpan? AtLeastEvery => TimeSpan.FromSeconds(30);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Access];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var page = await Service.ListAsync(Actor, new(Status, false, 50, Cursor), cancellationToken);
        (Problem, _page) = page.Match<(Error?, Page<AccessRequestView>?)>(p => (null, p), e => (e, null));
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (New && !_asked && RendererInfo.IsInteractive)
        {
            _asked = true;
            await AskAsync();
        }
    }

    private string With(string name, string? value) =>
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = value, ["cursor"] = null, ["new"] = null });

    private async Task AskAsync()
    {
        var dialog = await DialogService.ShowAsync<RequestAccess>("Request access", Dialogs.Form);
        if (await dialog.Result is { Canceled: false })
        {
            Snackbar.Add("Asked. You see here how it is decided.", Severity.Success);
        }

        await RefreshAsync();
    }

    private async Task DecideAsync(AccessRequestView request)
    {
        var dialog = await DialogService.ShowAsync<DecideRequest>(
            $"{request.Person} asks for {request.Role}", new DialogParameters<DecideRequest> { { d => d.Request, request } }, Dialogs.Form);
        await dialog.Result;
        await RefreshAsync();
    }

    private async Task WithdrawAsync(AccessRequestView request)
    {
        _error = (await Service.WithdrawAsync(Actor, request.Id, CancellationToken.None)).Error;
        await RefreshAsync();
    }
}
