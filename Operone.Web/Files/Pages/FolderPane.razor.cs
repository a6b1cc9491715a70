using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Microsoft.JSInterop;
using Operone.Core.Files;
using Operone.Web.Console.Palette;
using Operone.Web.Console.Parts;

namespace Operone.Web.Files.Pages;

/// <summary>A folder. It is watched while it is open, and read as far as somebody scrolls.</summary>
public sealed partial class FolderPane
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _gone = new();
    private readonly Dictionary<string, FileView> _chosen = new(StringComparer.Ordinal);
    private FolderRows _rows = default!;
    private Virtualize<FileView>? _list;
    private (TreePath Path, string? Sort, string? Q, int Version)? _shown;
    private (FileView File, double X, double Y)? _menu;
    private string? _last;
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

    [Parameter]
    public string? Sort { get; set; }

    [Parameter]
    public string? Q { get; set; }

    /// <summary>Another number: read it again.</summary>
    [Parameter]
    public int Version { get; set; }

    private string Summary => !_isRead || _rows.Problem is not null ? "" : FileText.Entries(_rows.Count) + (string.IsNullOrEmpty(Q) ? "" : " match");

    protected override void OnInitialized() =>
        _rows = new((options, take, cancel) => Files.ListAllAsync(Actor, Value, options, take, cancel));

    protected override async Task OnParametersSetAsync()
    {
        var asked = (Value, Sort, Q, Version);
        var isSame = _shown is { } shown && shown.Path.Equals(Value) && (shown.Sort, shown.Q, shown.Version) == (Sort, Q, Version);
        if (isSame)
        {
            return;
        }

        var isElsewhere = _shown is not { } before || !before.Path.Equals(Value);
        _shown = asked;
        if (isElsewhere)
        {
            _chosen.Clear();
            (_menu, _last) = (null, null);
            await UnwatchAsync();
            Offer();
        }

        await ReadAsync(keep: false);
        if (isElsewhere && !_gone.IsCancellationRequested && RendererInfo.IsInteractive && Value.Depth > 1)
        {
            _watch = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
            _watching = WatchAsync(Value, _watch.Token);
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        try
        {
            if (firstRender)
            {
                _script = new(Script, Assets["dist/files.js"]) { Pressed = PressedAsync, Folders = MakeFoldersAsync, Uploaded = () => InvokeAsync(AgainAsync) };
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
            foreach (var gone in _chosen.Keys.Except(_rows.Rows.Select(r => r.Path)).ToArray())
            {
                _chosen.Remove(gone);
            }

            if (_list is not null)
            {
                await _list.RefreshDataAsync();
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

    private async ValueTask<ItemsProviderResult<FileView>> ProvideAsync(ItemsProviderRequest request)
    {
        var (count, problem) = (_rows.Count, _rows.Problem);
        var items = await _rows.GetAsync(request.StartIndex, request.Count, request.CancellationToken);
        if (_rows.Count != count || _rows.Problem != problem)
        {
            StateHasChanged();
        }

        return new(items, _rows.Count);
    }

    /// <summary>A folder in which much happens is read again twice a second, not oftener.</summary>
    private async Task WatchAsync(TreePath path, CancellationToken cancellationToken)
    {
        var changes = System.Threading.Channels.Channel.CreateBounded<bool>(new System.Threading.Channels.BoundedChannelOptions(1) { FullMode = System.Threading.Channels.BoundedChannelFullMode.DropWrite });
        var reading = ReadChangesAsync(changes.Reader, cancellationToken);
        try
        {
            _isWatched = true;
            await Files.WatchAsync(Actor, path, _ =>
            {
                changes.Writer.TryWrite(true);
                return ValueTask.CompletedTask;
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
        if (_watch is not null)
        {
            await _watch.CancelAsync();
            await _watching;
            _watch.Dispose();
            _watch = null;
        }
    }

    private void Choose(FileView row, bool toHere)
    {
        var isChosen = !_chosen.ContainsKey(row.Path);
        var paths = _rows.Rows;
        var (from, to) = (IndexOf(_last), IndexOf(row.Path));
        if (toHere && from >= 0 && to >= 0)
        {
            foreach (var one in paths.Skip(Math.Min(from, to)).Take(Math.Abs(from - to) + 1))
            {
                Set(one, isChosen);
            }
        }
        else
        {
            Set(row, isChosen);
        }

        _last = row.Path;

        int IndexOf(string? path)
        {
            for (var i = 0; path is not null && i < paths.Count; i++)
            {
                if (paths[i].Path == path)
                {
                    return i;
                }
            }

            return -1;
        }

        void Set(FileView one, bool isIn)
        {
            if (isIn)
            {
                _chosen[one.Path] = one;
            }
            else
            {
                _chosen.Remove(one.Path);
            }
        }
    }

    private async Task ChooseAllAsync(bool isChosen)
    {
        _chosen.Clear();
        if (isChosen)
        {
            foreach (var row in await _rows.GetAsync(0, _rows.Count, _gone.Token))
            {
                _chosen[row.Path] = row;
            }
        }
    }

    private void OpenMenu(FileView row, MouseEventArgs at) => _menu = (row, at.ClientX, at.ClientY);

    private void CloseMenu() => _menu = null;

    private async Task PressedAsync(string key, string? path)
    {
        var row = _rows.Rows.FirstOrDefault(r => r.Path == path);
        await InvokeAsync(async () =>
        {
            switch (key)
            {
                case "x" when row is not null:
                    Choose(row, toHere: false);
                    break;
                case "Delete" when _chosen.Count > 0:
                    await RemoveAsync([.. _chosen.Values]);
                    break;
                case "Delete" when row is not null:
                    await ActAsync("delete", row);
                    break;
                case "F2" when row is not null:
                    await ActAsync("rename", row);
                    break;
            }

            StateHasChanged();
        });
    }

    private async Task ActAsync(string act, FileView row)
    {
        _menu = null;
        if (row.IsWritable && await Acts.ActAsync(Actor, act, row, _gone.Token) is not null)
        {
            await AgainAsync();
        }
    }

    private async Task MakeFolderAsync()
    {
        if (await Acts.MakeFolderAsync(Actor, Value, _gone.Token))
        {
            await AgainAsync();
        }
    }

    /// <summary>The folders of what is uploaded.</summary>
    private Task<string?> MakeFoldersAsync(string folder, string[] below) => Acts.MakeFoldersAsync(Actor, folder, below, _gone.Token);

    private async Task RemoveAsync(FileView[] rows)
    {
        if (View.IsWritable && await Acts.RemoveAsync(Actor, rows))
        {
            _chosen.Clear();
            await AgainAsync();
        }
    }

    private async Task BringAsync(bool isMove)
    {
        if (await Acts.BringAsync(Actor, [.. _chosen.Values], isMove))
        {
            _chosen.Clear();
        }
    }

    private async Task DownloadAsync()
    {
        if (_script is not null)
        {
            await _script.DownloadAsync([.. _chosen.Values.Where(v => v.IsFile()).Select(v => v.Source())], _gone.Token);
        }
    }

    private string Why(string act) => View.IsWritable ? act : FileActs.ReadOnlyReason;

    private string Address(string name, string? value) => Navigation.GetUriWithQueryParameter(name, string.IsNullOrEmpty(value) ? null : value);

    private void Show(string name, string? value) => Navigation.NavigateTo(Address(name, value), replace: true);

    private (string Command, string Call) Doors() => (
        Value.Depth > 1 || Value.Equals(TreePath.Top) || Value.Names[0] != FileTree.Devices ? $"operone ls -l {ShellText.Quote(PathText.Command(Value))}" : "operone devices",
        ShellText.Curl("GET", $"{Navigation.BaseUri}api/v1/files{Value.ToAddress()}") + " \\\n  -H 'Accept: application/json'");

    private void Offer() => Palette.Offer(this, Value.Depth > 1 && View.IsWritable ? [new("Make a folder", Glyphs.FolderPlus, Act: MakeFolderAsync)] : []);

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
}
