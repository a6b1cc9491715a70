using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Shell.Sandbox;

namespace Operone.Web.Shell.Pages.Sandboxes;

/// <summary>One sandbox profile. Also where a new one is made.</summary>
public sealed partial class SandboxPage
{
    private readonly Dictionary<string, string[]> _shown = [];
    private SandboxForm _form = new();
    private SandboxProfileView? _profile;
    private Guid? _filled;
    private Error? _error;

    [Inject]
    private SandboxService Service { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

    private bool MaySave => Actor.May(Permissions.SandboxesManage, null) && _profile is not { IsBuiltIn: true };

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Sandboxes];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (Id is not { } id)
        {
            Problem = Actor.Lacks(Permissions.SandboxesManage);
            return;
        }

        var profile = await Service.GetAsync(Actor, id.ToString(), cancellationToken);
        (Problem, _profile) = profile.Match<(Error?, SandboxProfileView?)>(p => (null, p), e => (e, null));
        // Only once: what is being typed stays.
        if (_profile is not null && _filled != id)
        {
            (_filled, _form) = (id, SandboxForm.From(_profile));
        }
    }

    private string[]? Wrong(string field) => _shown.GetValueOrDefault(field);

    // A field is checked when it is left; the others wait for their turn, or for the end.
    private void Left(string field)
    {
        _shown.Remove(field);
        if (_form.Read().Problems.TryGetValue(field, out var problems))
        {
            _shown[field] = problems;
        }
    }

    private async Task SaveAsync()
    {
        var (profile, problems) = _form.Read();
        Show(problems);
        if (problems.Count > 0)
        {
            return;
        }

        var saved = Id is { } id
            ? await Service.UpdateAsync(Actor, id.ToString(), profile, CancellationToken.None)
            : await Service.CreateAsync(Actor, profile, CancellationToken.None);
        _error = saved.Error;
        Show(_error?.Fields ?? new Dictionary<string, string[]>());
        if (_error is null)
        {
            Snackbar.Add(Id is null ? $"Made '{saved.Value.Name}'." : "Saved.", Severity.Success);
            _profile = saved.Value;
            Navigation.NavigateTo($"settings/sandboxes/{saved.Value.Id}", replace: true);
        }
    }

    private async Task RemoveAsync()
    {
        var name = _profile!.Name;
        if (!await DialogService.ConfirmAsync($"Remove {name}?", $"The sandbox profile {name} goes. What runs by it now goes on as it is.", $"Remove {name}"))
        {
            return;
        }

        _error = (await Service.RemoveAsync(Actor, _profile.Id.ToString(), CancellationToken.None)).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {name}.", Severity.Success);
            Navigation.NavigateTo("settings/sandboxes");
        }
    }

    private void Show(IReadOnlyDictionary<string, string[]> problems)
    {
        _shown.Clear();
        foreach (var (field, messages) in problems)
        {
            _shown[field] = messages;
        }
    }
}
