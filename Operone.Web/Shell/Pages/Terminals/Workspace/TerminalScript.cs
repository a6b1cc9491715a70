using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Operone.Core.Shell;

namespace Operone.Web.Shell.Pages.Terminals.Workspace;

/// <summary>What the browser says of one terminal.</summary>
/// <param name="Title">What the program calls itself, as plain text.</param>
/// <param name="State">connecting, live, lost, refused or ended.</param>
/// <param name="MayType">Whether what is typed counts.</param>
/// <param name="People">Who is in; null before it was told.</param>
/// <param name="ExitCode">Where it ended: the exit code.</param>
/// <param name="Reason">Where it ended: why.</param>
public sealed record PaneReport(string? Title, string State, bool MayType, IReadOnlyList<TerminalViewer>? People, int? ExitCode, string? Reason);

/// <summary>
/// The workspace's module in the browser. The bytes of terminals go past this: it says only which terminals there are, and
/// hears what the page's frame shows.
/// </summary>
internal sealed class TerminalScript(IJSRuntime script, string address) : IAsyncDisposable
{
    private IJSObjectReference? _module;
    private IJSObjectReference? _workspace;
    private DotNetObjectReference<TerminalScript>? _self;

    /// <summary>A terminal said something new of itself.</summary>
    public required Func<Guid, PaneReport, Task> Reported { get; init; }

    /// <summary>Somebody went to a terminal.</summary>
    public required Action<Guid> Focused { get; init; }

    /// <summary>A key was pressed that stands for an act of the page.</summary>
    public required Func<string, Guid?, Task> Acted { get; init; }

    /// <summary>A line was moved: its variable, and the first part's share in percent.</summary>
    public required Action<string, int> Moved { get; init; }

    /// <summary>Starts it on the workspace's element.</summary>
    public async Task StartAsync(ElementReference root, CancellationToken cancellationToken)
    {
        _self = DotNetObjectReference.Create(this);
        _module = await script.InvokeAsync<IJSObjectReference>("import", cancellationToken, "./" + address);
        _workspace = await _module.InvokeAsync<IJSObjectReference>("start", cancellationToken, root, _self);
    }

    /// <summary>The markup changed: terminals come and go. The one that is in use has the focus.</summary>
    public async Task SyncAsync(Guid active, CancellationToken cancellationToken)
    {
        if (_workspace is not null)
        {
            await _workspace.InvokeVoidAsync("sync", cancellationToken, active);
        }
    }

    /// <summary>Back to the terminal in use, from a dialog.</summary>
    public async Task FocusAsync(CancellationToken cancellationToken)
    {
        if (_workspace is not null)
        {
            await _workspace.InvokeVoidAsync("focus", cancellationToken);
        }
    }

    [JSInvokable]
    public Task ReportAsync(Guid id, PaneReport report) => Reported(id, report);

    [JSInvokable]
    public Task FocusedAsync(Guid id)
    {
        Focused(id);
        return Task.CompletedTask;
    }

    [JSInvokable]
    public Task ActAsync(string act, Guid? id) => Acted(act, id);

    [JSInvokable]
    public Task ShareAsync(string name, int percent)
    {
        Moved(name, percent);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_workspace is not null)
            {
                await _workspace.InvokeVoidAsync("stop");
                await _workspace.DisposeAsync();
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
