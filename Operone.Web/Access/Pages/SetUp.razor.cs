using Microsoft.AspNetCore.Components;
using Operone.Core.Access;
using Operone.Core.Errors;

namespace Operone.Web.Access.Pages;

/// <summary>The first page of an installation: it makes the owner's account with the code that the server printed.</summary>
public sealed partial class SetUp
{
    private bool _isDone;
    private Error? _error;

    [Inject]
    private SetupService Setup { get; set; } = default!;

    [Inject]
    private PasskeyCeremonies Passkeys { get; set; } = default!;

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
    public string? DeviceKey { get; set; }

    [SupplyParameterFromForm]
    public string? Password { get; set; }

    /// <summary>The passkey that was made instead of a password, as <see cref="PasskeySignUp"/> sends it.</summary>
    [SupplyParameterFromForm]
    public string? Passkey { get; set; }

    protected override async Task OnInitializedAsync() => _isDone = await Setup.HasOwnerAsync(HttpContext.RequestAborted);

    private async Task SubmitAsync()
    {
        Access.Passkey? passkey = null;
        if (!string.IsNullOrEmpty(Passkey))
        {
            var made = await Passkeys.SignUpAsync(HttpContext, Email ?? "", Passkey);
            if (made.IsError)
            {
                _error = made.Error;
                return;
            }

            passkey = made.Value;
        }

        var owner = await Setup.CreateOwnerAsync(Code, Email, Password, passkey, HttpContext.RequestAborted);
        _error = owner.Error;
        if (_error is null)
        {
            // The account is made: where the session cannot begin, signing in says why.
            var session = await Sessions.BeginAsync(
                HttpContext, owner.Value, passkey is null ? SignInMethods.Setup : SignInMethods.Passkey, DeviceKey, remember: true, HttpContext.RequestAborted);
            Navigation.NavigateTo(session.IsError ? "/sign-in" : "/");
        }
    }

    private string[]? Problem(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Problem(field) is null ? null : "true";
}
