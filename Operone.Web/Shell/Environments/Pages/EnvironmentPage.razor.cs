using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;
using Operone.Web.Events;

namespace Operone.Web.Shell.Environments.Pages;

/// <summary>One environment: its variables, and which secrets it has. Also where a new one is made.</summary>
public sealed partial class EnvironmentPage
{
    private readonly Dictionary<string, string[]> _shown = [];
    private EnvironmentForm _form = new();
    private EnvironmentView? _environment;
    private Guid? _filled;
    private Error? _error;

    [Inject]
    private EnvironmentService Service { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

    private bool MayChange => Actor.May(Permissions.EnvironmentsManage, null);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Environments];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (Id is not { } id)
        {
            Problem = Actor.Lacks(Permissions.EnvironmentsManage);
            return;
        }

        var environment = await Service.GetAsync(Actor, id.ToString(), cancellationToken);
        (Problem, _environment) = environment.Match<(Error?, EnvironmentView?)>(e => (null, e), e => (e, null));
        // Only once: what is being typed stays.
        if (_environment is not null && _filled != id)
        {
            Fill(_environment);
        }
    }

    private void Fill(EnvironmentView environment) => (_filled, _form) = (environment.Id, EnvironmentForm.From(environment));

    private string[]? Wrong(string field) => _shown.GetValueOrDefault(field);

    private void Left(string field)
    {
        _shown.Remove(field);
        if (_form.Read(Id is null).Problems.TryGetValue(field, out var problems))
        {
            _shown[field] = problems;
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

    private async Task SaveAsync()
    {
        var (request, problems) = _form.Read(Id is null);
        _error = null;
        Show(problems);
        if (problems.Count > 0)
        {
            return;
        }

        var saved = Id is { } id
            ? await Service.ReplaceAsync(Actor, id.ToString(), request, CancellationToken.None)
            : await Service.CreateAsync(Actor, request, CancellationToken.None);
        _error = saved.Error;
        if (saved.IsError)
        {
            Show(saved.Error!.Fields ?? new Dictionary<string, string[]>());
            return;
        }

        Snackbar.Add(Id is null ? $"Made '{saved.Value.Name}'." : "Saved.", Severity.Success);
        _environment = saved.Value;
        // Nothing that was typed into a secret's field stays in it.
        Fill(saved.Value);
        Navigation.NavigateTo($"environments/{saved.Value.Id}", replace: true);
    }

    private async Task RemoveAsync()
    {
        var name = _environment!.Name;
        if (!await DialogService.ConfirmAsync($"Remove {name}?", $"The environment {name} goes, with its secrets. Runs that were made with it keep what they were given.", $"Remove {name}"))
        {
            return;
        }

        _error = (await Service.RemoveAsync(Actor, Id!.Value.ToString(), CancellationToken.None)).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {name}.", Severity.Success);
            Navigation.NavigateTo("environments");
        }
    }
}
