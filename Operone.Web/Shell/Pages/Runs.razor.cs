using Microsoft.AspNetCore.Components;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;
using Operone.Web.Devices;
using Operone.Web.Events;

namespace Operone.Web.Shell.Pages;

/// <summary>The history of runs, newest first, live. Its filters are in the address.</summary>
public sealed partial class Runs
{
    private readonly HeldRows<RunView> _held = new(r => r.Id);
    private (string?, string?, string?, string?)? _shown;
    private string? _next;

    [Inject]
    private RunReader Reader { get; set; } = default!;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Q { get; set; }

    [SupplyParameterFromQuery]
    public string? Status { get; set; }

    /// <summary>A device's name or id.</summary>
    [SupplyParameterFromQuery]
    public string? Device { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    private bool IsFiltered => !string.IsNullOrEmpty(Q) || Status is not null || Device is not null || Cursor is not null;

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Runs];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var device = Device is null ? null : Sight.Find(Actor, Device);
        if (Device is not null && device is null)
        {
            Problem = DeviceErrors.NotFound(Device);
            _held.Reset([]);
            return;
        }

        var status = Enum.GetValues<RunStatus>().Cast<RunStatus?>().FirstOrDefault(s => s!.Value.ToText() == Status);
        var page = await Reader.ListAsync(Actor, new RunQuery(status, device?.Id, Q, 50, Cursor, IsWaiting: Status == ExecutionStatus.Queued.ToText()), cancellationToken);
        Problem = page.Error;
        if (page.IsError)
        {
            return;
        }

        _next = page.Value.NextCursor;
        if (_shown == (Q, Status, Device, Cursor))
        {
            _held.Take(page.Value.Items);
        }
        else
        {
            _shown = (Q, Status, Device, Cursor);
            _held.Reset(page.Value.Items);
        }
    }

    private string With(string name, string? value) =>
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = value, ["cursor"] = null });

    private void Filter(string name, object? value) =>
        Navigation.NavigateTo(With(name, value as string is { Length: > 0 } text ? text : null), replace: true);
}
