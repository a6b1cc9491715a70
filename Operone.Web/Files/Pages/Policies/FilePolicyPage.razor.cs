using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Files.Policies;

namespace Operone.Web.Files.Pages.Policies;

/// <summary>One policy of files: which folders may be had, on which devices. Also where a new one is made.</summary>
public sealed partial class FilePolicyPage
{
    private FilePolicyForm _form = new();
    private FilePolicyView? _policy;
    private Guid? _filled;
    private Error? _error;

    [Inject]
    private FilePolicyService Service { get; set; } = default!;

    [Inject]
    private AccessDirectory Access { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

    private bool MaySave => Actor.MayEverywhere(Permissions.MountsManage);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.FilePolicies];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (Id is not { } id)
        {
            Problem = MaySave ? null : Actor.Lacks(Permissions.MountsManage) ?? FilePolicyErrors.NotEverywhere(Actor.Name);
            return;
        }

        var policy = await Service.GetAsync(Actor, id, cancellationToken);
        (Problem, _policy) = policy.Match<(Error?, FilePolicyView?)>(p => (null, p), e => (e, null));
        // Only once: what is being typed stays.
        if (_policy is not null && _filled != id)
        {
            (_filled, _form) = (id, FilePolicyForm.From(_policy, AccessInput.FindRole(Access.Current, _policy.Role)?.Id.ToString()));
        }
    }

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Wrong(field) is null ? null : "true";

    private async Task SaveAsync()
    {
        var (request, unreadable) = _form.Read();
        if ((_error = unreadable) is not null)
        {
            return;
        }

        var saved = Id is not { } id
            ? await Service.CreateAsync(Actor, request, CancellationToken.None)
            : await Service.ReplaceAsync(Actor, id, request, CancellationToken.None);
        _error = saved.Error;
        if (_error is null)
        {
            Snackbar.Add(Id is null ? $"Made '{saved.Value.Name}'." : "Saved.", Severity.Success);
            (_policy, _filled) = (saved.Value, saved.Value.Id);
            Navigation.NavigateTo($"settings/file-policies/{saved.Value.Id}", replace: true);
        }
    }

    private async Task RemoveAsync()
    {
        var policy = _policy!;
        if (!await DialogService.ConfirmAsync(
            $"Remove {policy.Name}?", "What it let be had is to be had no more; where it was the last that matches a device, all of that device's files are to be had by permission alone.", $"Remove {policy.Name}"))
        {
            return;
        }

        _error = (await Service.RemoveAsync(Actor, policy.Id, CancellationToken.None)).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {policy.Name}.", Severity.Success);
            Navigation.NavigateTo("settings/file-policies");
        }
    }
}
