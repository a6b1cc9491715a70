using System.Globalization;
using Microsoft.AspNetCore.Components;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Kernel;

namespace Operone.Web.Kernel.Processes.Pages;

/// <summary>The processes of a device, live: a table or a tree, a graph of their groups, and one of them closely.</summary>
public sealed partial class DeviceProcesses : IAsyncDisposable
{
    private const int Step = 200;

    private static readonly (ProcessSort Sort, string Word, string Title, string Class)[] Columns =
    [
        (ProcessSort.Pid, "pid", "PID", "num"), (ProcessSort.Name, "name", "Command", "fill"), (ProcessSort.User, "user", "User", ""), (ProcessSort.Cpu, "cpu", "CPU", "num"),
        (ProcessSort.Memory, "memory", "Memory", "num"), (ProcessSort.Threads, "threads", "Threads", "num wide"), (ProcessSort.Started, "started", "Started", "wide"),
        (ProcessSort.State, "state", "State", "wide"),
    ];

    private readonly CancellationTokenSource _gone = new();
    private readonly ShownProcesses _shown = new();
    private readonly ProcessHistory _history = new();
    private Task _following = Task.CompletedTask;
    private ProcessLook? _look;
    private WatchView? _view;
    private ProcessInfo? _chosen;
    private Error? _problem;
    private readonly Queue<string> _typed = new();
    private string _text = "";
    private string _last = "";
    private int _texts;
    private string _query = "";
    private bool _isPaused;
    private int _limit = Step;

    [Inject]
    private ProcessService Service { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Parameter, EditorRequired]
    public DeviceView Device { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Q { get; set; }

    [SupplyParameterFromQuery]
    public string? Sort { get; set; }

    [SupplyParameterFromQuery]
    public string? View { get; set; }

    [SupplyParameterFromQuery]
    public string? Own { get; set; }

    [SupplyParameterFromQuery]
    public string? Hide { get; set; }

    [SupplyParameterFromQuery]
    public string? Graph { get; set; }

    [SupplyParameterFromQuery]
    public string? Pid { get; set; }

    private bool IsTree => View == "tree";

    private bool IsMemory => SortBy.Sort == ProcessSort.Memory;

    private ProcessGrouping Grouping => Graph switch { "user" => ProcessGrouping.User, "operone" => ProcessGrouping.Operone, _ => ProcessGrouping.Name };

    private (ProcessSort Sort, bool Reversed) SortBy
    {
        get
        {
            var word = Sort?.TrimStart('-');
            var column = Array.Find(Columns, c => c.Word == word);
            return column.Word is null ? (IsTree ? ProcessSort.Pid : ProcessSort.Cpu, false) : (column.Sort, Sort!.StartsWith('-'));
        }
    }

    private IReadOnlyList<string> Hidden => Hide?.Split(',') ?? [];

    /// <summary>The process that is looked at closely; as it was last where it has ended since.</summary>
    private ProcessInfo? Chosen
    {
        get
        {
            var pid = int.TryParse(Pid, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
            _chosen = _view?.Processes.FirstOrDefault(p => p.Pid == pid) ?? (_chosen?.Pid == pid ? _chosen : null);
            return _chosen;
        }
    }

    private bool MaySignal => Actor.May(Permissions.ProcessesSignal, Device.Labels);

    protected override async Task OnParametersSetAsync()
    {
        if (RendererInfo.IsInteractive && _look is null && _problem is null)
        {
            var looking = await Service.WatchAsync(Actor, Device.Id.ToString(), TimeSpan.FromMilliseconds(ProcessLimits.DefaultInterval), _gone.Token);
            _problem = looking.Error;
            if (!looking.IsError)
            {
                _look = looking.Value;
                _following = FollowAsync(_look);
            }
        }

        TakeText(Q ?? "");
        var query = $"{Q}|{Sort}|{View}|{Own}";
        if (query != _query)
        {
            (_query, _limit) = (query, Step);
            _shown.Reset(Place());
        }
    }

    /// <summary>
    /// What is typed goes into the address, and comes back from there a moment later. The field has what its person typed: only what comes by a link,
    /// or by the way back, takes its place, as a new field.
    /// </summary>
    private void TakeText(string fromAddress)
    {
        if (_typed.Contains(fromAddress))
        {
            while (_typed.Dequeue() != fromAddress)
            {
            }
        }
        else if (_typed.Count == 0 && fromAddress != _last)
        {
            (_text, _last) = (fromAddress, fromAddress);
            _texts++;
        }
    }

    private void Filter(string text)
    {
        _last = text;
        _typed.Enqueue(text);
        Navigation.NavigateTo(With("q", text.Length > 0 ? text : null), replace: true);
    }

    private async Task FollowAsync(ProcessLook look)
    {
        try
        {
            while (await look.NextAsync(_gone.Token))
            {
                var view = await look.ViewAsync(_gone.Token);
                await InvokeAsync(() => Take(view));
            }

            await InvokeAsync(() =>
            {
                (_problem, _view) = (Operone.Web.Access.AccessErrors.PermissionMissingOn(Actor.Name, Permissions.ProcessesRead, Device.Name), null);
                _shown.Reset([]);
                StateHasChanged();
            });
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // the page was left
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private void Take(WatchView view)
    {
        _history.Add(view, p => OwnerOf(p)?.Title);
        _problem = view.Problem;
        if (!_isPaused)
        {
            _view = view.Sample is null ? null : view;
            _shown.Take(Place());
        }

        StateHasChanged();
    }

    private IReadOnlyList<PlacedProcess> Place() => _view is null ? [] : ProcessFilter.Place(
        Own is null ? _view.Processes : [.. _view.Processes.Where(p => p.Part is not null)],
        new ProcessQuery(SortBy.Sort, SortBy.Reversed, IsTree, Q));

    private (string Title, string? Href)? OwnerOf(ProcessInfo process) => ProcessText.Owner(process, _look?.OwnerOf(process));

    private void Pause()
    {
        _isPaused = !_isPaused;
        if (!_isPaused && _look is { } look)
        {
            _ = InvokeAsync(async () => Take(await look.ViewAsync(_gone.Token)));
        }
    }

    private string With(string name, string? value) => Navigation.GetUriWithQueryParameter(name, value);

    private string SortHref((ProcessSort Sort, string Word, string Title, string Class) column) =>
        With("sort", SortBy.Sort == column.Sort && !SortBy.Reversed ? "-" + column.Word : column.Word);

    private string? SortState(ProcessSort sort) => SortBy.Sort != sort ? null
        : (sort is ProcessSort.Cpu or ProcessSort.Memory or ProcessSort.Threads or ProcessSort.Started) == SortBy.Reversed ? "ascending" : "descending";

    private void Toggle(string column) => Navigation.NavigateTo(
        With("hide", (Hidden.Contains(column) ? Hidden.Where(h => h != column) : Hidden.Append(column)).ToArray() is { Length: > 0 } some ? string.Join(',', some) : null), replace: true);

    private string ChosenHref(ProcessInfo process, ProcessInfo? chosen) => With("pid", chosen?.Identity == process.Identity ? null : process.Pid.ToString(CultureInfo.InvariantCulture));

    private static string Percent(double value) => ProcessText.Cpu(value);

    private static string Bytes(double value) => ProcessText.Size((long)value);

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        _look?.Dispose();
        await _following;
        _gone.Dispose();
    }
}
