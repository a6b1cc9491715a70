using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Hosting;

namespace Operone.Web.Access.Pages;

/// <summary>Invites somebody, and shows the address once.</summary>
public sealed partial class InviteDialog
{
    private readonly HashSet<Guid> _chosen = [];
    private IReadOnlyList<(Guid Id, string Name)> _teams = [];
    private string _email = "";
    private string _role = BuiltInRoles.Viewer.Id.ToString();
    private string _selector = "";
    private long _seconds = 7 * 24 * 3600;
    private InvitationMade? _made;
    private Error? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = default!;

    [Inject]
    private InvitationService Service { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private AccessDirectory Access { get; set; } = default!;

    [Inject]
    private PublicAddress Address { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    private string EmailHelp => Service.CanSend
        ? "The invitation is sent there, and only an account with this e-mail can be made with it. Empty for an address that anybody can use once."
        : "Only an account with this e-mail can be made with it; no mail is sent, as no mail server is set up. Empty for an address that anybody can use once.";

    // Those that they may give somewhere; the service says no where it is not everywhere.
    private IEnumerable<RoleEntry> Roles => Access.Current.Roles.Values
        .Where(r => r.Permissions.Names.All(p => Policy.IsHeldAnywhere(Actor.Subject, p, Time.GetUtcNow())))
        .OrderBy(r => r.IsBuiltIn ? 0 : 1).ThenBy(r => r.Permissions.Names.Count()).ThenBy(r => r.Name, StringComparer.OrdinalIgnoreCase);

    protected override async Task OnInitializedAsync() => _teams = await Service.ListTeamsAsync(Actor, CancellationToken.None);

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Wrong(field) is null ? null : "true";

    private void Toggle(Guid id, bool on)
    {
        if (on)
        {
            _chosen.Add(id);
        }
        else
        {
            _chosen.Remove(id);
        }
    }

    private async Task SubmitAsync()
    {
        var made = await StepUp.ActAsync(() => Service.CreateAsync(
            Actor, new CreateInvitation(_email, _role, _selector, [.. _chosen.Select(c => c.ToString())], _seconds), Address.For(Navigation.BaseUri), CancellationToken.None));
        (_made, _error) = made.Match<(InvitationMade?, Error?)>(m => (m, null), e => (null, e));
    }
}
