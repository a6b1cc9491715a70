using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core.Shell;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Shell.Pages.Terminals.Workspace;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell.Pages.Terminals;

/// <summary>The terminals that somebody may see, newest first, live. Its filters are in the address.</summary>
public sealed partial class Terminals
{
    internal static readonly (string? Value, string Title)[] States = [(null, "All"), ("running", "Running"), ("ended", "Ended")];

    private readonly HeldRows<TerminalView> _held = new(t => t.Id);
    private (string?, string?, string?, string?)? _shown;
    private string? _next;
    private bool _asked;

    [Inject]
    private TerminalReader Reader { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Q { get; set; }

    /// <summary>"running" or "ended"; none for all.</summary>
    [SupplyParameterFromQuery]
    public string? State { get; set; }

    /// <summary>A device's name or id.</summary>
    [SupplyParameterFromQuery]
    public string? Device { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    /// <summary>Whether to ask for a new one at once.</summary>
    [SupplyParameterFromQuery]
    public bool New { get; set; }

    private bool IsFiltered => !string.IsNullOrEmpty(Q) || State is not null || Device is not null || Cursor is not null;

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Terminals];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var ended = State switch { "running" => false, "ended" => true, _ => (bool?)null };
        var page = await Reader.ListAsync(Actor, new TerminalQuery(ended, Device, Q, 50, Cursor), cancellationToken);
        Problem = page.Error;
        if (page.IsError)
        {
            _held.Reset([]);
            return;
        }

        _next = page.Value.NextCursor;
        if (_shown == (Q, State, Device, Cursor))
        {
            _held.Take(page.Value.Items);
        }
        else
        {
            _shown = (Q, State, Device, Cursor);
            _held.Reset(page.Value.Items);
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!New)
        {
            _asked = false;
        }
        else if (!_asked && RendererInfo.IsInteractive)
        {
            _asked = true;
            await NewAsync();
        }
    }

    private async Task NewAsync()
    {
        var chosen = await NewTerminal.AskAsync(DialogService, Device, user: null, placed: null, besides: []);
        if (chosen is not null)
        {
            Navigation.NavigateTo($"terminals/{chosen.Terminal.Id}");
        }
        else if (New)
        {
            Navigation.NavigateTo(With("new", null), replace: true);
        }
    }

    private (string Command, string Call) Doors() => (
        $"operone shell {ShellText.Quote(Device ?? "DEVICE")}",
        ShellText.Curl("POST", $"{Navigation.BaseUri}api/v1/terminals", $$"""{"device":"{{Device ?? "DEVICE"}}"}"""));

    private string With(string name, string? value) =>
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = value, ["cursor"] = null, ["new"] = null });

    private void Filter(string name, object? value) =>
        Navigation.NavigateTo(With(name, value as string is { Length: > 0 } text ? text : null), replace: true);
}
