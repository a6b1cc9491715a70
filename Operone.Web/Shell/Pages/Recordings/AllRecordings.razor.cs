using Microsoft.AspNetCore.Components;
using Operone.Core;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Shell.Recordings;

namespace Operone.Web.Shell.Pages.Recordings;

/// <summary>All recordings, newest first, or the lines in them that a text was found in. What is looked for is in the address.</summary>
public sealed partial class AllRecordings
{
    private readonly HeldRows<RecordingView> _held = new(r => r.Id);
    private (string?, string?, string?)? _shown;
    private Page<RecordingMatch>? _matches;
    private string? _next;

    [Inject]
    private RecordingReader Reader { get; set; } = default!;

    [Inject]
    private RecordingSearch Search { get; set; } = default!;

    [Inject]
    private DeviceSight Sight { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>A text that was on a screen.</summary>
    [SupplyParameterFromQuery]
    public string? Q { get; set; }

    /// <summary>A device's name or id.</summary>
    [SupplyParameterFromQuery]
    public string? Device { get; set; }

    [SupplyParameterFromQuery]
    public string? Owner { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    private bool IsFiltered => Device is not null || Owner is not null || Cursor is not null;

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Recordings];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(Q))
        {
            var matches = await Search.FindAsync(Actor, Q, null, null, Cursor, cancellationToken);
            (Problem, _matches) = matches.Match<(Core.Errors.Error?, Page<RecordingMatch>?)>(p => (null, p), e => (e, null));
            return;
        }

        _matches = null;
        var device = Device is null ? null : Sight.Find(Actor, Device);
        if (Device is not null && device is null)
        {
            Problem = DeviceErrors.NotFound(Device);
            _held.Reset([]);
            return;
        }

        var page = await Reader.ListAsync(Actor, new RecordingQuery(device?.Id, Owner, Cursor: Cursor), cancellationToken);
        Problem = page.Error;
        if (page.IsError)
        {
            return;
        }

        _next = page.Value.NextCursor;
        if (_shown == (Device, Owner, Cursor))
        {
            _held.Take(page.Value.Items);
        }
        else
        {
            _shown = (Device, Owner, Cursor);
            _held.Reset(page.Value.Items);
        }
    }

    private string With(string name, string? value) =>
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = value, ["cursor"] = null });

    private void Filter(string name, object? value) =>
        Navigation.NavigateTo(With(name, value as string is { Length: > 0 } text ? text : null), replace: true);
}
