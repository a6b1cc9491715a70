using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Operone.Web.Files.Pages;

/// <summary>
/// The page's module in the browser: keys, what is dropped, uploads. Their bytes go from it to the API, past this, and they go on while one looks
/// at other pages of the console.
/// </summary>
internal sealed class FilesScript(IJSRuntime script, string address) : IAsyncDisposable
{
    private IJSObjectReference? _module;
    private IJSObjectReference? _folder;
    private DotNetObjectReference<FilesScript>? _self;

    /// <summary>A key was pressed that stands for an act; on which row, and where that is on the screen.</summary>
    public required Func<string, string?, double, double, Task> Pressed { get; init; }

    /// <summary>A row was dropped: its address, the folder it was dropped upon (null for the other pane's), and whether it is to be moved.</summary>
    public required Func<string, string?, bool, Task> Handed { get; init; }

    /// <summary>Where the first name is that begins with what was typed.</summary>
    public required Func<string, Task<int?>> Found { get; init; }

    /// <summary>How many tiles there is room for in a line.</summary>
    public required Func<int, Task> Sized { get; init; }

    /// <summary>An upload into this folder has ended.</summary>
    public required Func<Task> Uploaded { get; init; }

    /// <summary>Makes folders in one, those above them too; gives what stands in the way.</summary>
    public required Func<string, string[], Task<string?>> Folders { get; init; }

    /// <summary>Starts it on the folder's element.</summary>
    public async Task StartAsync(ElementReference root, CancellationToken cancellationToken)
    {
        _self = DotNetObjectReference.Create(this);
        _module = await script.InvokeAsync<IJSObjectReference>("import", cancellationToken, "./" + address);
        _folder = await _module.InvokeAsync<IJSObjectReference>("start", cancellationToken, root, _self);
    }

    /// <summary>Which folder uploads go to; null where none may.</summary>
    public async Task HereAsync(string? folder, CancellationToken cancellationToken)
    {
        if (_folder is not null)
        {
            await _folder.InvokeVoidAsync("here", cancellationToken, folder);
        }
    }

    /// <summary>Back to the row where one was.</summary>
    public async Task FocusAsync(CancellationToken cancellationToken)
    {
        if (_folder is not null)
        {
            await _folder.InvokeVoidAsync("focus", cancellationToken);
        }
    }

    /// <summary>To the beginning: it is another list now.</summary>
    public async Task TopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await (_folder?.InvokeVoidAsync("top", cancellationToken) ?? ValueTask.CompletedTask);
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
    }

    /// <summary>Downloads files one after the other.</summary>
    public async Task DownloadAsync(string[] sources, CancellationToken cancellationToken)
    {
        if (_module is not null)
        {
            await _module.InvokeVoidAsync("download", cancellationToken, (object)sources);
        }
    }

    [JSInvokable]
    public Task PressAsync(string key, string? path, double x, double y) => Pressed(key, path, x, y);

    [JSInvokable]
    public Task HandAsync(string path, string? into, bool isMove) => Handed(path, into, isMove);

    [JSInvokable]
    public Task<int?> FindAsync(string text) => Found(text);

    [JSInvokable]
    public Task SizeAsync(int across) => Sized(across);

    [JSInvokable]
    public Task<string?> MakeFoldersAsync(string folder, string[] below) => Folders(folder, below);

    [JSInvokable]
    public Task UploadedAsync() => Uploaded();

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_folder is not null)
            {
                await _folder.InvokeVoidAsync("stop");
                await _folder.DisposeAsync();
            }

            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // nobody is there to clean up for
        }

        _self?.Dispose();
    }
}
