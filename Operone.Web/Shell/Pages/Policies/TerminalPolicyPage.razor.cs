using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell.Pages.Policies;

/// <summary>One policy of terminals: what it says, and for which devices. Also where a new one is made.</summary>
public sealed partial class TerminalPolicyPage
{
    private PolicyForm _form = new();
    private TerminalPolicyView? _policy;
    private Guid? _filled;
    private Error? _error;

    [Inject]
    private TerminalPolicyService Service { get; set; } = default!;

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

    private bool MaySave => Actor.MayEverywhere(Permissions.TerminalsManage);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.TerminalPolicies];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (Id is not { } id)
        {
            Problem = MaySave ? null : Actor.Lacks(Permissions.TerminalsManage) ?? TerminalPolicyErrors.NotEverywhere(Actor.Name);
            return;
        }

        var policy = await Service.GetAsync(Actor, id, cancellationToken);
        (Problem, _policy) = policy.Match<(Error?, TerminalPolicyView?)>(p => (null, p), e => (e, null));
        // Only once: what is being typed stays.
        if (_policy is not null && _filled != id)
        {
            _filled = id;
            _form = PolicyForm.From(_policy, AccessInput.FindRole(Access.Current, _policy.Role)?.Id.ToString());
        }
    }

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Wrong(field) is null ? null : "true";

    private async Task SaveAsync()
    {
        var (request, unreadable) = _form.Read();
        if (unreadable is not null)
        {
            _error = unreadable;
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
            Navigation.NavigateTo($"settings/terminal-policies/{saved.Value.Id}", replace: true);
        }
    }

    private async Task RemoveAsync()
    {
        var policy = _policy!;
        if (!await DialogService.ConfirmAsync(
            $"Remove {policy.Name}?", $"It says: {TerminalPolicyText.Describe(policy)}. Terminals that are opened from now on go without it.", $"Remove {policy.Name}"))
        {
            return;
        }

        _error = (await Service.RemoveAsync(Actor, policy.Id, CancellationToken.None)).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {policy.Name}.", Severity.Success);
            Navigation.NavigateTo("settings/terminal-policies");
        }
    }
}
