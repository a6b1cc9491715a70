using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Kernel.Alerts;
using Operone.Web.Console.Parts;

namespace Operone.Web.Kernel.Alerts.Pages;

/// <summary>Where an alert rule is written, with what it would do now.</summary>
public sealed partial class AlertRuleDialog
{
    private AlertRuleForm _form = new();
    private AlertPreview? _preview;
    private Error? _error;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = default!;

    /// <summary>The rule to change; null for a new one.</summary>
    [Parameter]
    public AlertRuleView? Rule { get; set; }

    private bool MaySave => Actor.Lacks(Permissions.AlertsManage) is null;

    private string Unit => _form.Metric switch
    {
        AlertMetric.Cpu or AlertMetric.Memory or AlertMetric.Disk => "In per cent.",
        AlertMetric.Load => "For each processor.",
        AlertMetric.Swap => "In MiB.",
        AlertMetric.Processes => "How many.",
        _ => "In MiB a second.",
    };

    private string PreviewText => _preview switch
    {
        null => "",
        { Devices: null } preview => $"It would have heard of {preview.Holds} within the last day{Some(preview)}.",
        { Devices: 0 } => "It looks at no device now.",
        var preview => $"It would hold now on {preview.Holds} of {preview.Devices} devices{Some(preview)}{(preview.Unknown > 0 ? $"; {preview.Unknown} tell nothing now" : "")}.",
    };

    protected override Task OnInitializedAsync()
    {
        _form = Rule is null ? new() : AlertRuleForm.From(Rule.Definition);
        return PreviewAsync();
    }

    private static string Some(AlertPreview preview) =>
        preview.Names.Count == 0 ? "" : $": {string.Join(", ", preview.Names.Take(5))}{(preview.Names.Count > 5 ? ", …" : "")}";

    private string[]? Wrong(string field) => _error?.Fields?.GetValueOrDefault(field);

    private string? Invalid(string field) => Wrong(field) is null ? null : "true";

    private async Task PreviewAsync()
    {
        var read = _form.Read();
        if (_error?.Fields is not null)
        {
            // what was wrong may be right by now
            _error = read.Error ?? AlertRules.Check(read.Value);
        }

        // what is half typed says nothing yet
        _preview = read is { IsError: false, Value: var typed } && AlertRules.CheckCondition(typed) is null
            ? (await Previews.PreviewAsync(Actor, typed, CancellationToken.None)).Match<AlertPreview?>(p => p, _ => null)
            : null;
    }

    private async Task SubmitAsync()
    {
        var typed = _form.Read();
        if ((_error = typed.Error) is not null)
        {
            return;
        }

        var saved = Rule is null
            ? await Service.CreateAsync(Actor, typed.Value, CancellationToken.None)
            : await Service.ReplaceAsync(Actor, Rule.Id.ToString(), typed.Value, CancellationToken.None);
        _error = saved.Error;
        if (_error is null)
        {
            Dialog.Close(true);
        }
    }

    private async Task RemoveAsync()
    {
        if (!await DialogService.ConfirmAsync(
            $"Remove {Rule!.Name}?", $"Nobody is told any more when {Rule.Text}. {Rule.Firing} alerts that fire are over with it.", $"Remove {Rule.Name}"))
        {
            return;
        }

        _error = (await Service.RemoveAsync(Actor, Rule.Id.ToString(), CancellationToken.None)).Error;
        if (_error is null)
        {
            Dialog.Close(true);
        }
    }
}
