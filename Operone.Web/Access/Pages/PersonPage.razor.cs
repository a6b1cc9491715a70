using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;
using Operone.Web.Events;

namespace Operone.Web.Access.Pages;

/// <summary>One person: what they may, why, on what they are signed in, and the way to change it.</summary>
public sealed partial class PersonPage
{
    private PersonDetails? _details;
    private string? _name;
    private Error? _error;

    [Inject]
    private PersonService Service { get; set; } = default!;

    [Inject]
    private SecondFactorService Codes { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

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

    protected override TimeSpan? AtLeastEvery => TimeSpan.FromSeconds(30);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Access];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var details = await Service.GetAsync(Actor, Id, cancellationToken);
        (Problem, _details) = details.Match<(Error?, PersonDetails?)>(d => (null, d), e => (e, null));
        // Only once: what is being typed stays.
        _name ??= _details?.Person.DisplayName;
    }

    private async Task GiveAsync()
    {
        var dialog = await DialogService.ShowAsync<NewGrant>($"Give {_details!.Person.Email} a role", new DialogParameters<NewGrant>
        {
            { g => g.SubjectKind, SubjectKind.Person }, { g => g.SubjectId, Id }, { g => g.SubjectName, _details.Person.Email },
        }, Dialogs.Form);
        await dialog.Result;
        await RefreshAsync();
    }

    private async Task RemoveGrantAsync(GrantView grant)
    {
        (_, _error) = await Removal.RemoveAsync(Actor, grant);
        await RefreshAsync();
    }

    private async Task RenameAsync()
    {
        var renamed = await StepUp.ActAsync(() => Service.UpdateAsync(Actor, Id, new UpdatePerson(_name), CancellationToken.None));
        await DoneAsync(renamed.Error, "Saved.");
    }

    private async Task DisableAsync()
    {
        var email = _details!.Person.Email;
        if (await DialogService.ConfirmAsync($"Disable {email}?", $"{email} is signed out everywhere within five seconds, and their tokens act no more. Their grants stay, for when they are enabled again.", "Disable"))
        {
            await DoneAsync((await StepUp.ActAsync(() => Service.DisableAsync(Actor, Id, CancellationToken.None))).Error, $"Disabled {email}.");
        }
    }

    private async Task EnableAsync() =>
        await DoneAsync((await StepUp.ActAsync(() => Service.EnableAsync(Actor, Id, CancellationToken.None))).Error, $"Enabled {_details!.Person.Email}.");

    private async Task ResetCodesAsync()
    {
        var email = _details!.Person.Email;
        if (await DialogService.ConfirmAsync("Turn one-time codes off?", $"{email} can then sign in with the password alone, until they turn codes on again. For who lost their device.", "Turn off"))
        {
            await DoneAsync((await Codes.ResetAsync(Actor, Id, CancellationToken.None)).Error, $"Turned the codes of {email} off.");
        }
    }

    private async Task RemoveAsync()
    {
        var email = _details!.Person.Email;
        if (!await DialogService.ConfirmAsync($"Remove {email}?", $"The account, its sessions, passkeys, tokens and {_details.Grants.Count(g => g.SubjectId == Id)} grants go for good. Runs and the audit trail keep what they did.", $"Remove {email}"))
        {
            return;
        }

        _error = (await StepUp.ActAsync(() => Service.RemoveAsync(Actor, Id, CancellationToken.None))).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {email}.", Severity.Success);
            Navigation.NavigateTo("access/people");
        }
    }

    private async Task DoneAsync(Error? error, string text)
    {
        _error = error;
        if (error is null)
        {
            Snackbar.Add(text, Severity.Success);
        }

        await RefreshAsync();
    }
}
