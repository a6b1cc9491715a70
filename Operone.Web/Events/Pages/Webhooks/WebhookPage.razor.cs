using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Console.Parts;
using Operone.Web.Events.Webhooks;

namespace Operone.Web.Events.Pages.Webhooks;

/// <summary>One webhook: what is sent where, and what was. Also where a new one is made.</summary>
public sealed partial class WebhookPage
{
    private const string TemplateHelp = "Empty: the event as a CloudEvent. Else JSON whose texts have {{type}}, {{subject}}, {{text}}, {{actor}}, {{time}}, {{data.NAME}}; |slack and |plain let nobody be mentioned.";

    private WebhookForm _form = new();
    private WebhookView? _webhook;
    private Guid? _filled;
    private Error? _error;
    private WebhookAttemptView? _test;
    private string? _secret;
    private bool _isTesting;

    [Inject]
    private WebhookService Service { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public Guid? Id { get; set; }

    /// <summary>Of what was sent, that of this state alone.</summary>
    [SupplyParameterFromQuery]
    public string? Status { get; set; }

    /// <summary>Where the page before ended.</summary>
    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    /// <summary>The one whose attempts are shown.</summary>
    [SupplyParameterFromQuery]
    public Guid? Delivery { get; set; }

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Webhooks];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (Id is not { } id)
        {
            Problem = (await Service.ListAsync(Actor, 1, null, cancellationToken)).Error;
            return;
        }

        var before = _webhook?.IsEnabled;
        var webhook = await Service.GetAsync(Actor, id.ToString(), cancellationToken);
        (Problem, _webhook) = webhook.Match<(Error?, WebhookView?)>(w => (null, w), e => (e, null));
        // Only once: what is being typed stays.
        if (_webhook is not null && _filled != id)
        {
            (_filled, _form) = (id, WebhookForm.From(_webhook));
        }
        else if (_webhook is not null && before is not null && before != _webhook.IsEnabled)
        {
            // it turned itself off: the tick must not turn it on again unseen
            _form.IsEnabled = _webhook.IsEnabled;
        }
    }

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Wrong(field) is null ? null : "true";

    private async Task SaveAsync()
    {
        if (Id is { } id)
        {
            var saved = await Service.ReplaceAsync(Actor, id.ToString(), _form.Read(), CancellationToken.None);
            (_error, _webhook) = saved.Match<(Error?, WebhookView?)>(w => (null, w), e => (e, _webhook));
            if (_error is null)
            {
                Snackbar.Add("Saved.", Severity.Success);
            }

            return;
        }

        var made = await Service.CreateAsync(Actor, _form.Read(), CancellationToken.None);
        _error = made.Error;
        if (_error is null)
        {
            (_webhook, _secret, _filled) = (made.Value.Webhook, made.Value.Secret, made.Value.Webhook.Id);
            Navigation.NavigateTo($"settings/webhooks/{made.Value.Webhook.Id}", replace: true);
        }
    }

    private async Task TestAsync()
    {
        (_isTesting, _test, _error) = (true, null, null);
        try
        {
            var tested = await Service.TestAsync(Actor, Id!.Value.ToString(), CancellationToken.None);
            (_test, _error) = tested.Match<(WebhookAttemptView?, Error?)>(t => (t, null), e => (null, e));
        }
        finally
        {
            _isTesting = false;
        }
    }

    private async Task RotateAsync()
    {
        if (!await DialogService.ConfirmAsync(
            $"A new secret for {_webhook!.Name}?", "Requests are signed with the new one and, for a day, with the one of now too. Give the new one to the receiver within that day.", "Make a new secret"))
        {
            return;
        }

        var made = await Service.RotateAsync(Actor, Id!.Value.ToString(), CancellationToken.None);
        (_error, _secret, _webhook) = made.Match<(Error?, string?, WebhookView?)>(m => (null, m.Secret, m.Webhook), e => (e, null, _webhook));
    }

    private async Task RemoveAsync()
    {
        var webhook = _webhook!;
        if (!await DialogService.ConfirmAsync(
            $"Remove {webhook.Name}?", $"Nothing is sent to {WebhookForm.Host(webhook.Url)} any more. {webhook.Pending} events that wait and {webhook.Dead} that were given up go with it.", $"Remove {webhook.Name}"))
        {
            return;
        }

        _error = (await Service.RemoveAsync(Actor, webhook.Id.ToString(), CancellationToken.None)).Error;
        if (_error is null)
        {
            Snackbar.Add($"Removed {webhook.Name}.", Severity.Success);
            Navigation.NavigateTo("settings/webhooks");
        }
    }
}
