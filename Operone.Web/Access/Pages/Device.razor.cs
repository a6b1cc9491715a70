using Microsoft.AspNetCore.Components;
using Operone.Core.Errors;

namespace Operone.Web.Access.Pages;

/// <summary>Where a person approves or refuses a command line that asks to be signed in (RFC 8628, section 3.3). It works without a script.</summary>
public sealed partial class Device
{
    private const string Approve = "approve";
    private static readonly int[] Offered = [1, 30, 90];

    private DeviceLogin? _login;
    private DeviceLogin? _decided;
    private Error? _error;

    [Inject]
    private DeviceLoginService Logins { get; set; } = default!;

    [Inject]
    private TokenRules Rules { get; set; } = default!;

    [CascadingParameter]
    private HttpContext HttpContext { get; set; } = default!;

    /// <summary>The code, where the address has it.</summary>
    [SupplyParameterFromQuery(Name = "user_code")]
    public string? UserCode { get; set; }

    [SupplyParameterFromForm]
    public Guid LoginId { get; set; }

    [SupplyParameterFromForm]
    public int Days { get; set; }

    [SupplyParameterFromForm]
    public string? Decision { get; set; }

    private Actor Actor { get; set; } = default!;

    private string Title => _decided is null ? "Sign a terminal in" : Decision == Approve ? "The terminal is signed in" : "Refused";

    // A form that is sent must be on the page that takes it.
    private bool IsDeciding => HttpMethods.IsPost(HttpContext.Request.Method) && _error is null;

    private bool IsElsewhere => _login?.Address is { } address && address != Actor.RemoteAddress;

    private IReadOnlyList<int> Lifetimes => [.. Offered.Where(d => Rules.MaxLifetime is not { } most || d <= most.TotalDays)];

    protected override async Task OnInitializedAsync()
    {
        Actor = Actor.From(HttpContext);
        if (HttpMethods.IsGet(HttpContext.Request.Method) && !string.IsNullOrWhiteSpace(UserCode))
        {
            (_login, _error) = (await Logins.FindAsync(Actor, UserCode, HttpContext.RequestAborted)).Match<(DeviceLogin?, Error?)>(l => (l, null), e => (null, e));
        }
    }

    private async Task SubmitAsync()
    {
        // A lifetime that was not offered is a form that was made by hand.
        var lifetime = Decision == Approve ? TimeSpan.FromDays(Lifetimes.Contains(Days) ? Days : Lifetimes[0]) : (TimeSpan?)null;
        (_decided, _error) = (await Logins.DecideAsync(Actor, LoginId, lifetime, HttpContext.RequestAborted))
            .Match<(DeviceLogin?, Error?)>(l => (l, null), e => (null, e));
    }
}
