using Microsoft.AspNetCore.Components;
using Operone.Core.Shell;
using Operone.Web.Shell.Pages.Output;

namespace Operone.Web.Shell.Pages;

/// <summary>The executions of a run on many devices.</summary>
public sealed partial class ExecutionList
{
    private const int MaxTiles = TailTexts.FewExecutions;
    private const int FewDevices = 12;

    private List<ExecutionView> _shown = [];

    [Parameter, EditorRequired]
    public RunView Run { get; set; } = default!;

    /// <summary>Their last lines.</summary>
    [Parameter, EditorRequired]
    public TailTexts Tails { get; set; } = default!;

    /// <summary>Only those in this state, by its name on the wire.</summary>
    [Parameter]
    public string? Status { get; set; }

    /// <summary><c>list</c> or <c>tiles</c>; by default tiles where there are few.</summary>
    [Parameter]
    public string? View { get; set; }

    /// <summary>The one shown in full beside the list.</summary>
    [Parameter]
    public ExecutionView? Selected { get; set; }

    private bool IsTiles => Selected is null && (View ?? (Run.Executions!.Count <= FewDevices ? "tiles" : "list")) == "tiles";

    // The order is by name and stays so: nothing jumps while it is looked at.
    protected override void OnParametersSet() =>
        _shown = [.. Run.Executions!.Where(e => Status is null || e.Status.ToText() == Status)];

    private string With(string name, string? value) => Navigation.GetUriWithQueryParameter(name, value);

    private string Address(ExecutionView execution) => With("device", execution.DeviceName);
}
