using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using MudBlazor;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Console.Palette;
using Operone.Web.Console.Parts;
using Operone.Web.Events;
using Operone.Web.Shell.Terminals;

namespace Operone.Web.Shell.Pages.Terminals.Workspace;

/// <summary>
/// Terminals in tabs and splits. Which ones, and where, is in the address; this is their frame. What they show goes from the
/// browser's module to its WebSocket and back, and lives on without this.
/// </summary>
public sealed partial class TerminalPage
{
    private readonly Dictionary<Guid, TerminalView> _views = [];
    private readonly Dictionary<Guid, Error> _problems = [];
    private readonly Dictionary<Guid, PaneReport> _reports = [];
    private readonly HashSet<Guid> _lived = [];
    private readonly Dictionary<int, Guid> _lastIn = [];
    private TerminalLayout _layout = new([]);
    private PanePlaces _places = new(new([]));
    private ElementReference _root;
    private TerminalScript? _script;
    private Error? _error;
    private bool _opening;

    [Inject]
    private TerminalReader Reader { get; set; } = default!;

    [Inject]
    private TerminalService Service { get; set; } = default!;

    [Inject]
    private StepUpPrompt StepUp { get; set; } = default!;

    [Inject]
    private IDialogService DialogService { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private PageActions Palette { get; set; } = default!;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    /// <summary>The terminal that is in use.</summary>
    [Parameter]
    public Guid Id { get; set; }

    /// <summary>See <see cref="TerminalLayout"/>; none for that terminal alone.</summary>
    [SupplyParameterFromQuery]
    public string? Layout { get; set; }

    internal IReadOnlyDictionary<Guid, TerminalView> Views => _views;

    private int ActiveTab => _layout.TabOf(Id);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Terminals];

    protected override Task OnParametersSetAsync()
    {
        var layout = TerminalLayout.Parse(Layout) ?? TerminalLayout.Of(Id);
        _layout = layout.WithTab(Id);
        if (_layout.TabOf(Id) < 0)
        {
            _layout = TerminalLayout.Of(Id);
        }

        _places = new(_layout);
        _lastIn[ActiveTab] = Id;
        return base.OnParametersSetAsync();
    }

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        foreach (var id in _layout.Terminals.Where(t => !_views.ContainsKey(t)).ToArray())
        {
            await ReadOneAsync(id, cancellationToken);
        }

        OfferActions();
    }

    protected override async Task ChangedAsync(CancellationToken cancellationToken)
    {
        foreach (var id in _layout.Terminals.ToArray())
        {
            await ReadOneAsync(id, cancellationToken);
        }

        OfferActions();
    }

    private async Task ReadOneAsync(Guid id, CancellationToken cancellationToken)
    {
        var read = await Reader.GetAsync(Actor, id, cancellationToken);
        if (read.IsError)
        {
            _problems[id] = read.Error!;
            return;
        }

        _problems.Remove(id);
        _views[id] = read.Value;
        if (!read.Value.Status.IsEnd())
        {
            _lived.Add(id);
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        try
        {
            if (firstRender)
            {
                _script = new(Script, Assets["dist/terminals.js"]) { Reported = ReportedAsync, Focused = FocusOn, Acted = ActAsync, Moved = Move };
                await _script.StartAsync(_root, Gone);
            }

            if (_script is not null)
            {
                await _script.SyncAsync(Id, Gone);
            }
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
    }

    private async Task ReportedAsync(Guid id, PaneReport report)
    {
        _reports[id] = report;
        if (report.State is "ended" or "refused" && _views.GetValueOrDefault(id) is { EndedAt: null })
        {
            await ReadOneAsync(id, Gone);
        }

        StateHasChanged();
    }

    private void FocusOn(Guid id)
    {
        if (id != Id && _layout.TabOf(id) >= 0)
        {
            Navigation.NavigateTo(Address(_layout, id), replace: true);
        }
    }

    private void Move(string name, int percent)
    {
        if (PanePlaces.Find(name) is var (tab, path))
        {
            Navigation.NavigateTo(Address(_layout.WithShare(tab, path, percent), Id), replace: true);
        }
    }

    internal static string Address(TerminalLayout layout, Guid active) =>
        layout.Terminals.Skip(1).Any() ? $"terminals/{active}?layout={layout}" : $"terminals/{active}";

    private Guid ShownIn(PaneNode tab)
    {
        var ids = tab.Terminals.ToArray();
        return ids.Contains(Id) ? Id : _lastIn.Values.FirstOrDefault(ids.Contains, ids[0]);
    }

    private string TitleOf(Guid id) => _views.GetValueOrDefault(id) is { } view ? $"{NameOf(view)} on {view.DeviceName}" : "Terminal";

    private static string NameOf(TerminalView view) => view.Title ?? view.Command;

    private async Task ActAsync(string act, Guid? id)
    {
        var at = id ?? Id;
        switch (act)
        {
            case "new":
                await NewAsync(PanePlacement.Tab);
                break;
            case "split-right":
                await SplitAsync(at, PanePlacement.Right);
                break;
            case "split-down":
                await SplitAsync(at, PanePlacement.Down);
                break;
            case "close":
                Close(at);
                break;
            case "rename":
                await RenameAsync(at);
                break;
            case "guests":
                await ChangeAsync(at, new UpdateTerminal(GuestsMayType: !_views[at].GuestsMayType));
                break;
            case "end":
                await EndAsync(at);
                break;
            case "doors":
                await ShowDoorsAsync(at);
                break;
        }

        StateHasChanged();
        if (_script is not null && act is not "close")
        {
            await _script.FocusAsync(Gone);
        }
    }

    private async Task NewAsync(PanePlacement place)
    {
        var beside = _views.GetValueOrDefault(Id);
        if (await NewTerminal.AskAsync(DialogService, beside?.DeviceName, beside?.User, place, [.. _layout.Terminals]) is { } chosen)
        {
            Put(chosen.Terminal.Id, Id, chosen.Place);
        }
    }

    // At once and alike: another shell on the same device, for the same user.
    private async Task SplitAsync(Guid at, PanePlacement place)
    {
        if (_views.GetValueOrDefault(at) is not { } beside || _opening)
        {
            return;
        }

        if (!_layout.CanTakeMore)
        {
            _error = TooMany;
            return;
        }

        _opening = true;
        try
        {
            var request = new CreateTerminal { Device = beside.DeviceId.ToString(), User = beside.User };
            var opened = await StepUp.ActAsync(() => Service.CreateAsync(Actor, request, Gone));
            _error = opened.Error;
            if (!opened.IsError)
            {
                Put(opened.Value.Id, at, place);
            }
        }
        finally
        {
            _opening = false;
        }
    }

    private static Error TooMany { get; } = new(
        ErrorKind.Conflict, "workspace-full", "No more terminals fit here.", $"A page shows at most {TerminalLayout.MaxTerminals}. Close one, or open another page.");

    private void Put(Guid id, Guid at, PanePlacement place)
    {
        if (_layout.TabOf(id) < 0 && !_layout.CanTakeMore)
        {
            _error = TooMany;
            return;
        }

        var layout = place == PanePlacement.Tab ? _layout.WithTab(id) : _layout.WithSplit(at, place == PanePlacement.Down, id);
        Navigation.NavigateTo(Address(layout, id));
    }

    private void Close(Guid id)
    {
        var tab = _layout.TabOf(id);
        if (tab < 0)
        {
            return;
        }

        var layout = _layout.Without(id);
        _reports.Remove(id);
        _views.Remove(id);
        _lived.Remove(id);
        _lastIn.Clear();
        if (layout.Tabs.Count == 0)
        {
            Navigation.NavigateTo("terminals");
            return;
        }

        var rest = _layout.Tabs[tab].Terminals.Where(t => t != id).ToArray();
        var next = id != Id ? Id : rest.Length > 0 ? rest[0] : layout.Tabs[Math.Min(tab, layout.Tabs.Count - 1)].Terminals.First();
        Navigation.NavigateTo(Address(layout, next));
    }

    private async Task RenameAsync(Guid id)
    {
        if (_views.GetValueOrDefault(id) is { } view && await RenameTerminal.AskAsync(DialogService, view.Title) is { } title)
        {
            await ChangeAsync(id, new UpdateTerminal(title));
        }
    }

    private async Task ChangeAsync(Guid id, UpdateTerminal change)
    {
        var changed = await Service.UpdateAsync(Actor, id, change, Gone);
        Take(id, changed);
    }

    private async Task EndAsync(Guid id)
    {
        if (_views.GetValueOrDefault(id) is not { EndedAt: null } view)
        {
            return;
        }

        var others = _reports.GetValueOrDefault(id)?.People?.Count(p => !p.IsYou) ?? 0;
        var also = others switch { 0 => "", 1 => " One other person is in it.", _ => $" {others} other people are in it." };
        if (await DialogService.ConfirmAsync(
            "End the terminal?", $"Ends '{NameOf(view)}' on {view.DeviceName}, with everything that runs in it.{also} To leave it running, close it instead.", "End the terminal"))
        {
            Take(id, await Service.EndAsync(Actor, id, Gone));
        }
    }

    private Task ShowDoorsAsync(Guid id)
    {
        var device = _views.GetValueOrDefault(id)?.DeviceName ?? "DEVICE";
        return DialogService.ShowAsync<Doors>("The same elsewhere", new DialogParameters<Doors>
        {
            { d => d.Command, $"operone shell {ShellText.Quote(device)} --attach {id}" },
            { d => d.Call, ShellText.Curl("GET", $"{Navigation.BaseUri}api/v1/terminals/{id}") },
        }, Dialogs.Reading);
    }

    private async Task AllowAsync(Guid id, TerminalViewer person)
    {
        var allowed = await Service.AllowAsync(Actor, id, person.Id, !person.MayType, Gone);
        _error = allowed.Error;
        StateHasChanged();
    }

    private void Take(Guid id, Result<TerminalView> changed)
    {
        _error = changed.Error;
        if (!changed.IsError)
        {
            _views[id] = changed.Value;
        }

        OfferActions();
        StateHasChanged();
    }

    private void OfferActions()
    {
        if (_views.GetValueOrDefault(Id) is not { } view)
        {
            return;
        }

        var actions = new List<PageAction>
        {
            new("New terminal in this page", Glyphs.Plus, Act: () => NewAsync(PanePlacement.Tab)),
            new($"Split: another on {view.DeviceName} beside", Glyphs.SplitRight, Act: () => ActAsync("split-right", Id)),
            new($"Split: another on {view.DeviceName} beneath", Glyphs.SplitDown, Act: () => ActAsync("split-down", Id)),
            new($"Close {NameOf(view)}; it goes on", Glyphs.Close, Act: () => ActAsync("close", Id)),
        };
        if (view.EndedAt is null && view.IsYours)
        {
            actions.Add(new($"Rename {NameOf(view)}", Glyphs.Edit, Act: () => ActAsync("rename", Id)));
        }

        if (view.EndedAt is null && (view.IsYours || Actor.May(Permissions.TerminalsManage)))
        {
            actions.Add(new($"End {NameOf(view)}", Glyphs.Stop, Act: () => ActAsync("end", Id)));
        }

        Palette.Offer(this, actions);
    }

    public override async ValueTask DisposeAsync()
    {
        Palette.Withdraw(this);
        if (_script is not null)
        {
            await _script.DisposeAsync();
        }

        await base.DisposeAsync();
    }
}
