using Microsoft.AspNetCore.Components;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access.Pages;

/// <summary>Where an invitation is taken up.</summary>
public sealed partial class Invitation
{
    private InvitationOffer? _offer;
    private Error? _error;

    [Inject]
    private InvitationAcceptance Invitations { get; set; } = default!;

    [Inject]
    private PasskeyCeremonies Ceremonies { get; set; } = default!;

    [Inject]
    private SessionService Sessions { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [CascadingParameter]
    private HttpContext HttpContext { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Code { get; set; }

    [SupplyParameterFromForm]
    public string? Email { get; set; }

    [SupplyParameterFromForm]
    public string? Name { get; set; }

    [SupplyParameterFromForm]
    public string? Password { get; set; }

    /// <summary>What a new passkey made of the challenge, where one was chosen.</summary>
    [SupplyParameterFromForm]
    public string? Passkey { get; set; }

    [SupplyParameterFromForm]
    public string? DeviceKey { get; set; }

    protected override async Task OnInitializedAsync()
    {
        var offer = await Invitations.LookAsync(Code, HttpContext.RequestAborted);
        (_offer, _error) = offer.Match<(InvitationOffer?, Error?)>(o => (o, null), e => (null, e));
    }

    private async Task SubmitAsync()
    {
        if (_offer is null)
        {
            return;
        }

        if (Access.DeviceKey.Read(DeviceKey) is null)
        {
            _error = AccessErrors.DeviceKeyMissing;
            return;
        }

        var cancelled = HttpContext.RequestAborted;
        var person = string.IsNullOrEmpty(Passkey)
            ? await Invitations.AcceptWithPasswordAsync(HttpContext, Code, Email, Name, Password, cancelled)
            : await Invitations.AcceptWithPasskeyAsync(HttpContext, Ceremonies, Code, Email, Name, Passkey, cancelled);
        _error = person.Error;
        if (_error is null)
        {
            // The account is made: where the session cannot begin, signing in says why.
            var session = await Sessions.BeginAsync(
                HttpContext, person.Value, SignInMethods.Invitation, DeviceKey, remember: true, cancelled);
            Navigation.NavigateTo(session.IsError ? "/sign-in" : "/");
        }
    }

    private string What()
    {
        var role = _offer!.Role is { } name ? $" as {name}{(_offer.Selector.Length > 0 ? $" on devices with {_offer.Selector}" : "")}" : "";
        var teams = _offer.Teams.Count switch
        {
            0 => "",
            1 => $" in the team {_offer.Teams[0]}",
            _ => $" in the teams {string.Join(", ", _offer.Teams)}",
        };
        return role + teams;
    }

    private string[]? Problem(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Problem(field) is null ? null : "true";
}
