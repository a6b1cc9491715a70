using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Console.Parts;
using Operone.Web.Devices;

namespace Operone.Web.Access.Pages;

/// <summary>Makes an API token, and shows it once.</summary>
public sealed partial class NewToken
{
    private readonly HashSet<string> _permissions = new(StringComparer.Ordinal);
    private TokenKind _kind;
    private string _name = "";
    private string _role = "";
    private string _selector = "";
    private long _seconds = 30 * 24 * 3600;
    private ApiTokenView? _made;
    private Error? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private TokenMaker Maker { get; set; } = default!;

    [Inject]
    private TokenRules Rules { get; set; } = default!;

    [Inject]
    private AccessDirectory Access { get; set; } = default!;

    [Inject]
    private DeviceDirectory Directory { get; set; } = default!;

    private string Server => Navigation.BaseUri.TrimEnd('/');

    private bool MayManage => Actor.May(Permissions.TokensManage, null);

    private IEnumerable<RoleEntry> Roles => Access.Current.Roles.Values.OrderBy(r => r.Name, StringComparer.OrdinalIgnoreCase);

    private IEnumerable<(long Seconds, string Text)> Lifetimes =>
        Expiry.Long.Where(l => Rules.MaxLifetime is not { } most || (l.Seconds > 0 && l.Seconds <= most.TotalSeconds));

    // In groups by what comes before the dot, those with one permission together.
    private IEnumerable<(string Title, string[] Permissions)> Groups =>
        Permissions.All.Where(p => Actor.Lacks(p) is null).GroupBy(GroupOf).Select(g => (g.Key, g.ToArray()));

    /// <summary>How many devices it would reach now.</summary>
    private string Matches
    {
        get
        {
            if (string.IsNullOrWhiteSpace(_selector))
            {
                return _kind == TokenKind.Personal ? "All that you may, those too that come later." : "All devices, and what is no device.";
            }

            var selector = Selector.Parse(_selector);
            if (selector.Error is { } error)
            {
                return error.Detail;
            }

            var count = Directory.All.Count(d => selector.Value.Matches(d.Labels) && Actor.May(Permissions.DevicesRead, d.Labels));
            return $"{count} device{(count == 1 ? "" : "s")} now, and those that come to match. Permissions over the installation are not held by it.";
        }
    }

    protected override void OnInitialized()
    {
        if (Lifetimes.All(l => l.Seconds != _seconds) && Lifetimes.Any())
        {
            _seconds = Lifetimes.Last().Seconds;
        }
    }

    private static string GroupOf(string permission) => permission.Split('.')[0] switch
    {
        "devices" or "terminals" or "files" or "tunnels" => "Devices",
        "runs" or "jobs" => "Runs and jobs",
        "events" or "audit" => "What happened",
        "drivers" or "assistant" => "Drivers and assistant",
        _ => "Access and settings",
    };

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
        var isService = _kind == TokenKind.Service;
        var request = new CreateApiToken(
            _name, isService ? null : [.. _permissions], _seconds == 0 ? null : _seconds, _kind,
            string.IsNullOrWhiteSpace(_selector) ? null : _selector, isService && _role.Length > 0 ? _role : null);
        var made = await StepUp.ActAsync(() => Maker.CreateAsync(Actor, request, CancellationToken.None));
        (_made, _error) = made.Match<(ApiTokenView?, Error?)>(m => (m, null), e => (null, e));
    }
}
