using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Microsoft.JSInterop;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Console.Palette;
using Operone.Web.Console.Parts;

namespace Operone.Web.Files.Pages;

/// <summary>A folder. It is watched while it is open, and read where somebody looks.</summary>
public sealed partial class FolderPane
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _gone = new();
    private readonly ChosenFiles _chosen = new();
    private FolderRows _rows = default!;
    private Virtualize<FolderRow>? _list;
    private Virtualize<TileLine>? _tiles;
    private IReadOnlyList<FolderRow> _first = [];
    private IReadOnlySet<string> _columns = PaneColumns.Read(null);
    private (TreePath Path, string? Sort, string? Q, int Version)? _shown;
    private (FileView File, double X, double Y)? _menu;
    private Error? _problem;
    private int _across = 6;
    private bool _isRead;
    private bool _isWatched;
    private CancellationTokenSource? _watch;
    private Task _watching = Task.CompletedTask;
    private FilesScript? _script;
    private ElementReference _root;

    [Inject]
    private FileService Files { get; set; } = default!;

    [Inject]
    private FileActs Acts { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private PageActions Palette { get; set; } = default!;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    /// <summary>The folder.</summary>
    [Parameter, EditorRequired]
    public TreePath Value { get; set; } = TreePath.Top;

    /// <summary>What is known of it.</summary>
    [Parameter, EditorRequired]
    public FileView View { get; set; } = default!;

    /// <summary>What the address says of it and of the pane beside.</summary>
    [Parameter, EditorRequired]
    public PaneAddress Panes { get; set; } = default!;

    /// <summary>Whether it is the one beside.</summary>
    [Parameter]
    public bool IsBeside { get; set; }

    /// <summary>The other pane's folder; null where there is none.</summary>
    [Parameter]
    public TreePath? Other { get; set; }

    /// <summary>Another number: read it again.</summary>
    [Parameter]
    public int Version { get; set; }

    private string? Sort => IsBeside ? Panes.BesideSort : Panes.Sort;

    private string? Q => IsBeside ? Panes.BesideQ : Panes.Q;

    private bool IsGrid => Panes.As == "grid";

    private int ChosenCount => _chosen.CountOf(_rows.Count);

    private string Summary => !_isRead || _rows.Problem is not null ? "" : FileText.Entries(_rows.Count) + (string.IsNullOrEmpty(Q) ? "" : " match");

    protected override void OnInitialized() =>
        _rows = RowsOf(Value);

    private FolderRows RowsOf(TreePath folder) => new((options, take, cancel) => Files.ListAllAsync(Actor, folder, options, take, cancel));

    protected override async Task OnParametersSetAsync()
    {
        _columns = PaneColumns.Read(Panes.Columns);
        var asked = (Value, Sort, Q, Version);
        var isSame = _shown is { } shown && shown.Path.Equals(Value) && (shown.Sort, shown.Q, shown.Version) == (Sort, Q, Version);
        if (isSame)
        {
            return;
        }

        var isFirst = _shown is null;
        var isElsewhere = _shown is not { } before || !before.Path.Equals(Value);
        if (isElsewhere || _shown?.Q != Q)
        {
            // nobody acts on what they do not see any more
            _chosen.Clear();
            _last = null;
        }

        _shown = asked;
        if (isElsewhere)
        {
            // what is shown under a folder's name, and acted upon, is that folder's
            (_menu, _problem, _rows, _isRead) = (null, null, RowsOf(Value), false);
            await UnwatchAsync();
            Offer();
        }

        var isAnother = isElsewhere || (_rows.Options.Sort, _rows.Options.Filter ?? "") != (Sort, Q ?? "");
        await ReadAsync(keep: !isAnother);
        if (isAnother && !isFirst && _script is not null)
        {
            await _script.TopAsync(_gone.Token);
        }

        var folder = asked.Value;
        if (_watch is null && _shown?.Path.Equals(folder) == true && !_gone.IsCancellationRequested && RendererInfo.IsInteractive && folder.Depth > 1)
        {
            _watch = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
            _watching = WatchAsync(folder, _watch.Token);
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        try
        {
            if (firstRender)
            {
                _script = new(Script, Assets["dist/files.js"])
                {
                    Pressed = PressedAsync,
                    Folders = MakeFoldersAsync,
                    Uploaded = () => InvokeAsync(AgainAsync),
                    Handed = (path, into, isMove) => InvokeAsync(() => HandAsync(isMove, path, into)),
                    Found = text => _rows.FindNameAsync(text, _gone.Token),
                    Sized = across => InvokeAsync(() => SetAcross(across)),
                };
                await _script.StartAsync(_root, _gone.Token);
            }

            if (_script is not null)
            {
                await _script.HereAsync(Value.Depth > 1 && View.IsWritable ? Value.ToAddress() : null, _gone.Token);
            }
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
    }

    private async Task ReadAsync(bool keep)
    {
        try
        {
            await _rows.ReadAsync(Sort, Q, keep, _gone.Token);
            _isRead = true;
            if (!RendererInfo.IsInteractive)
            {
                _first = await _rows.GetAsync(0, 40, _gone.Token);
            }

            if (_list is not null)
            {
                await _list.RefreshDataAsync();
            }

            if (_tiles is not null)
            {
                await _tiles.RefreshDataAsync();
            }
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // the page was left
        }
    }

    private async Task AgainAsync()
    {
        await ReadAsync(keep: true);
        StateHasChanged();
    }

    private async ValueTask<ItemsProviderResult<FolderRow>> ProvideAsync(ItemsProviderRequest request) =>
        new(await GetAsync(request.StartIndex, request.Count, request.CancellationToken), _rows.Count);

    /// <summary>Of a grid: as many in a line as there is room for.</summary>
    private async ValueTask<ItemsProviderResult<TileLine>> ProvideLinesAsync(ItemsProviderRequest request)
    {
        var across = _across;
        var rows = await GetAsync(request.StartIndex * across, request.Count * across, request.CancellationToken);
        return new([.. rows.Chunk(across).Select((line, i) => new TileLine(request.StartIndex + i, line))], (_rows.Count + across - 1) / across);
    }

    private async Task<IReadOnlyList<FolderRow>> GetAsync(int start, int count, CancellationToken cancellationToken)
    {
        var (before, problem) = (_rows.Count, _rows.Problem);
        var rows = await _rows.GetAsync(start, count, cancellationToken);
        if (_rows.Count != before || _rows.Problem != problem)
        {
            StateHasChanged();
        }

        return rows;
    }

    private void SetAcross(int across)
    {
        _across = Math.Clamp(across, 1, 40);
        StateHasChanged();
    }

    /// <summary>A folder in which much happens is read again twice a second, not oftener.</summary>
    private async Task WatchAsync(TreePath path, CancellationToken cancellationToken)
    {
        var changes = System.Threading.Channels.Channel.CreateBounded<bool>(new System.Threading.Channels.BoundedChannelOptions(1) { FullMode = System.Threading.Channels.BoundedChannelFullMode.DropWrite });
        var reading = ReadChangesAsync(changes.Reader, cancellationToken);
        try
        {
            _isWatched = true;
            await Files.WatchAsync(Actor, path, segments =>
            {
                changes.Writer.TryWrite(true);
                return segments.Count > 0 && !_chosen.IsAll ? new ValueTask(InvokeAsync(() => ForgetGoneAsync(path, segments, cancellationToken))) : ValueTask.CompletedTask;
            }, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the folder was left
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
        finally
        {
            _isWatched = false;
            changes.Writer.TryComplete();
        }

        await reading;
        if (!cancellationToken.IsCancellationRequested)
        {
            // the folder or its device is gone: the list says so
            await InvokeAsync(AgainAsync);
        }
    }

    /// <summary>What is chosen and gone is chosen no more.</summary>
    private async Task ForgetGoneAsync(TreePath folder, IReadOnlyList<string> segments, CancellationToken cancellationToken)
    {
        var changed = segments.Select(s => $"{folder.ToAddress()}/{s}").ToHashSet(StringComparer.Ordinal);
        foreach (var view in _chosen.Named.Where(v => changed.Contains(v.Path)).ToArray())
        {
            if ((await Files.StatAsync(Actor, TreePath.Parse(view.Path).Value, cancellationToken)).Error?.Kind == ErrorKind.NotFound)
            {
                _chosen.Forget(view.Path);
            }
        }
    }

    private async Task ReadChangesAsync(System.Threading.Channels.ChannelReader<bool> changes, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in changes.ReadAllAsync(cancellationToken))
            {
                await InvokeAsync(AgainAsync);
                await Task.Delay(_pause, Time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the folder was left
        }
    }

    private async Task UnwatchAsync()
    {
        // another folder may be gone to while this waits
        var (watch, watching) = (_watch, _watching);
        _watch = null;
        if (watch is not null)
        {
            await watch.CancelAsync();
            await watching;
            watch.Dispose();
        }
    }

    /// <summary>Where a row leads: archives open as folders do.</summary>
    private string Href(FileView view) => view.IsFolder() ? Panes.To(IsBeside, view.Path).Href()
        : Panes.Open(IsBeside, view.IsFile() && FileText.IsUnpacked(view.Name) ? view.Path + "?in=/" : view.Path).Href();

    private void Go(PaneAddress to) => Navigation.NavigateTo(to.Href(), replace: true);

    private string Why(string act) => View.IsWritable ? act : FileActs.ReadOnlyReason;

    private (string Command, string Call) Doors() => (
        Value.Depth > 1 || Value.Equals(TreePath.Top) || Value.Names[0] != FileTree.Devices ? $"operone ls -l {ShellText.Quote(PathText.Command(Value))}" : "operone devices",
        ShellText.Curl("GET", $"{Navigation.BaseUri}api/v1/files{Value.ToAddress()}") + " \\\n  -H 'Accept: application/json'");

    private void Offer() => Palette.Offer(this, !IsBeside && Value.Depth > 1 && View.IsWritable ? [new("Make a folder", Glyphs.FolderPlus, Act: MakeFolderAsync)] : []);

    public async ValueTask DisposeAsync()
    {
        Palette.Withdraw(this);
        await _gone.CancelAsync();
        await UnwatchAsync();
        if (_script is not null)
        {
            await _script.DisposeAsync();
        }

        _rows.Dispose();
        _gone.Dispose();
    }

    /// <summary>A line of a grid.</summary>
    private sealed record TileLine(int Index, IReadOnlyList<FolderRow> Rows);
}
