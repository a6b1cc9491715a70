using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access.Pages;

/// <summary>Makes an API token, and shows it once.</summary>
public sealed partial class NewToken
{
    private readonly HashSet<string> _permissions = new(StringComparer.Ordinal);
    private string _name = "";
    private long _seconds = 90 * 24 * 3600;
    private ApiTokenView? _made;
    private Error? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    private string Server => Navigation.BaseUri.TrimEnd('/');

    protected override void OnInitialized() => _permissions.UnionWith(Permissions.All.Where(p => Actor.May(p)));

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private void Toggle(string permission, bool on)
    {
        if (on)
        {
            _permissions.Add(permission);
        }
        else
        {
            _permissions.Remove(permission);
        }
    }

    private async Task SubmitAsync()
    {
        var made = await StepUp.ActAsync(() => Service.CreateAsync(
            Actor, new CreateApiToken(_name, [.. _permissions], _seconds == 0 ? null : _seconds), CancellationToken.None));
        (_made, _error) = made.Match<(ApiTokenView?, Error?)>(m => (m, null), e => (null, e));
    }
}
