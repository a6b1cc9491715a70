using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;
using Operone.Web.Events;

namespace Operone.Web.Access.Pages;

/// <summary>One team: who is in it, and what it gives them.</summary>
public sealed partial class TeamPage
{
    private TeamDetails? _details;
    private string _email = "";
    private string? _unknown;
    private Error? _error;

    [Inject]
    private TeamService Service { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private AccessDirectory Access { get; set; } = default!;

    [Inject]
    private GrantRemoval Removal { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Parameter]
    public Guid Id { get; set; }

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Access];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var details = await Service.GetAsync(Actor, Id, cancellationToken);
        (Problem, _details) = details.Match<(Error?, TeamDetails?)>(d => (null, d), e => (e, null));
    }

    private async Task AddAsync()
    {
        var person = Access.Current.People.Values.FirstOrDefault(p => string.Equals(p.Email, _email.Trim(), StringComparison.OrdinalIgnoreCase));
        _unknown = person is null ? "Nobody has this e-mail." : null;
        if (person is null)
        {
            return;
        }

        _error = (await StepUp.ActAsync(() => Service.AddMemberAsync(Actor, Id, person.Id, CancellationToken.None))).Error;
        _email = _error is null ? "" : _email;
        await RefreshAsync();
    }

    private async Task RemoveMemberAsync(NamedId member)
    {
        if (await DialogService.ConfirmAsync($"Take {member.Name} out?", $"{member.Name} loses what the team {_details!.Team.Name} gives, from this moment on.", "Take out"))
        {
            _error = (await StepUp.ActAsync(() => Service.RemoveMemberAsync(Actor, Id, member.Id, CancellationToken.None))).Error;
            await RefreshAsync();
        }
    }

    private async Task RemoveGrantAsync(GrantView grant)
    {
        (_, _error) = await Removal.RemoveAsync(Actor, grant);
        await RefreshAsync();
    }

    private async Task GiveAsync()
    {
        var dialog = await DialogService.ShowAsync<NewGrant>($"Give the team {_details!.Team.Name} a role", new DialogParameters<NewGrant>
        {
            { g => g.SubjectKind, SubjectKind.Team }, { g => g.SubjectId, Id }, { g => g.SubjectName, _details.Team.Name },
        }, Dialogs.Form);
        await dialog.Result;
        await RefreshAsync();
    }

    private async Task EditAsync()
    {
        var dialog = await DialogService.ShowAsync<TeamDialog>("Rename the team", new DialogParameters<TeamDialog> { { t => t.Team, _details!.Team } }, Dialogs.Form);
        await dialog.Result;
        await RefreshAsync();
    }

    private async Task RemoveAsync()
    {
        var name = _details!.Team.Name;
        if (!await DialogService.ConfirmAsync($"Remove {name}?", $"The team and its {_details.Grants.Count} grants go; its {_details.Members.Count} members lose what it gave them.", $"Remove {name}"))
        {
            return;
        }

        _error = (await StepUp.ActAsync(() => Service.RemoveAsync(Actor, Id, CancellationToken.None))).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {name}.", Severity.Success);
            Navigation.NavigateTo("access/teams");
        }
    }
}
