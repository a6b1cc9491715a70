using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;
using Operone.Web.Events;

namespace Operone.Web.Access.Pages;

/// <summary>One role: what it gives, what it asks for, what it keeps from tokens. Also where a new one is made.</summary>
public sealed partial class RolePage
{
    private readonly HashSet<string> _permissions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stepUp = new(StringComparer.Ordinal);
    private readonly HashSet<string> _forbidden = new(StringComparer.Ordinal);
    private RoleView? _role;
    private Guid? _filled;
    private string _name = "";
    private string _description = "";
    private string _sandbox = "";
    private Error? _error;

    [Inject]
    private RoleService Service { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

    private bool MaySave => Actor.May(_role is { IsBuiltIn: true } ? Permissions.SettingsManage : Permissions.PeopleManage, null);

    private bool MayName => MaySave && _role is not { IsBuiltIn: true };

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Access];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (Id is not { } id)
        {
            Problem = Actor.Lacks(Permissions.PeopleManage);
            return;
        }

        var role = await Service.GetAsync(Actor, id.ToString(), cancellationToken);
        (Problem, _role) = role.Match<(Error?, RoleView?)>(r => (null, r), e => (e, null));
        // Only once: what is being ticked stays.
        if (_role is not null && _filled != id)
        {
            Fill(_role);
        }
    }

    private void Fill(RoleView role)
    {
        (_filled, _name, _description, _sandbox) = (role.Id, role.Name, role.Description, role.RequiredSandbox ?? "");
        Set(_permissions, role.Permissions);
        Set(_stepUp, role.StepUpActs);
        Set(_forbidden, role.TokenForbiddenActs);

        static void Set(HashSet<string> set, IReadOnlyList<string> values)
        {
            set.Clear();
            set.UnionWith(values);
        }
    }

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private static void Toggle(HashSet<string> set, string value, bool on)
    {
        if (on)
        {
            set.Add(value);
        }
        else
        {
            set.Remove(value);
        }
    }

    private async Task SaveAsync()
    {
        var saved = await StepUp.ActAsync(() => Id is not { } id
            ? Service.CreateAsync(Actor, new CreateRole(_name, [.. _permissions], _description, [.. _stepUp], [.. _forbidden], _sandbox), CancellationToken.None)
            : Service.UpdateAsync(Actor, id, MayName
                ? new UpdateRole(_name, [.. _permissions], _description, [.. _stepUp], [.. _forbidden], _sandbox)
                : new UpdateRole(StepUpActs: [.. _stepUp], TokenForbiddenActs: [.. _forbidden], RequiredSandbox: _sandbox), CancellationToken.None));
        _error = saved.Error;
        if (_error is null)
        {
            Snackbar.Add(Id is null ? $"Made '{saved.Value.Name}'." : "Saved.", Severity.Success);
            _role = saved.Value;
            Navigation.NavigateTo($"access/roles/{saved.Value.Id}", replace: true);
        }
    }

    private async Task RemoveAsync()
    {
        var name = _role!.Name;
        if (!await DialogService.ConfirmAsync($"Remove {name}?", $"The role {name} goes. Nobody has it now; grants of it that have ended go too.", $"Remove {name}"))
        {
            return;
        }

        _error = (await StepUp.ActAsync(() => Service.RemoveAsync(Actor, _role.Id, CancellationToken.None))).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {name}.", Severity.Success);
            Navigation.NavigateTo("access/roles");
        }
    }
}
