using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Operone.Web.Files.Pages.Look;

/// <summary>What is known of a text that is shown.</summary>
/// <param name="Name">The file's; its language follows from it.</param>
/// <param name="Wraps">Whether long lines wrap.</param>
/// <param name="From">Which character comes into sight.</param>
/// <param name="Length">How many characters were found there.</param>
/// <param name="First">The number of its first line, where that is known.</param>
/// <param name="Tells">Whether the page is told a moment after one has typed.</param>
internal sealed record CodeOptions(string Name, bool Wraps = false, int From = 0, int Length = 0, int? First = 1, bool Tells = false);

/// <summary>Where something is wrong in a text that is changed.</summary>
internal sealed record CodeMark(int Line, int Column, string Message);

/// <summary>Monaco in the browser: loaded when a text is first looked at. Where it is not to be had the page's own elements stay.</summary>
internal sealed class CodeScript(IJSRuntime script, string address) : IAsyncDisposable
{
    private IJSObjectReference? _module;
    private IJSObjectReference? _shown;

    /// <summary>The language, for people.</summary>
    public string? Language { get; private set; }

    /// <summary>Whether it shows something.</summary>
    public bool IsShown => _shown is not null;

    /// <summary>Shows what an element has as text, in another one.</summary>
    public Task ShowAsync(ElementReference source, ElementReference host, CodeOptions options, CancellationToken cancellationToken) =>
        StartAsync("show", cancellationToken, source, host, options);

    /// <summary>Lets one change what a field has; tells whether it is changed.</summary>
    public Task EditAsync<T>(ElementReference field, ElementReference host, ElementReference button, DotNetObjectReference<T> page, CodeOptions options, CancellationToken cancellationToken)
        where T : class => StartAsync("edit", cancellationToken, field, host, button, page, options);

    /// <summary>Wraps long lines, or does not.</summary>
    public Task WrapAsync(bool wraps, CancellationToken cancellationToken) => TellAsync("wrap", cancellationToken, wraps);

    /// <summary>What was typed, as UTF-8.</summary>
    public ValueTask<IJSStreamReference> TypedAsync(CancellationToken cancellationToken) => _shown!.InvokeAsync<IJSStreamReference>("typed", cancellationToken);

    /// <summary>What was typed last lies on the device now.</summary>
    public Task SavedAsync(CancellationToken cancellationToken) => TellAsync("saved", cancellationToken);

    /// <summary>Marks the lines on which something is wrong.</summary>
    public Task MarkAsync(IReadOnlyList<CodeMark> marks, CancellationToken cancellationToken) => TellAsync("mark", cancellationToken, marks);

    /// <summary>Brings a line into sight.</summary>
    public Task GoToAsync(int line, int column, CancellationToken cancellationToken) => TellAsync("goTo", cancellationToken, line, column);

    /// <summary>Shows what was typed beside another text.</summary>
    public Task CompareAsync(ElementReference host, DotNetStreamReference theirs, CancellationToken cancellationToken) => TellAsync("compare", cancellationToken, host, theirs);

    /// <summary>Goes on with what was typed alone.</summary>
    public Task UncompareAsync(CancellationToken cancellationToken) => TellAsync("uncompare", cancellationToken);

    /// <summary>Shows it no longer.</summary>
    public async Task StopAsync()
    {
        var shown = _shown;
        (_shown, Language) = (null, null);
        if (shown is not null)
        {
            try
            {
                await shown.InvokeVoidAsync("stop");
                await shown.DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // nobody is there to clean up for
            }
        }
    }

    private async Task StartAsync(string what, CancellationToken cancellationToken, params object?[] with)
    {
        await StopAsync();
        _module ??= await script.InvokeAsync<IJSObjectReference>("import", cancellationToken, "./" + address);
        _shown = await _module.InvokeAsync<IJSObjectReference>(what, cancellationToken, with);
        Language = await _shown.InvokeAsync<string?>("language", cancellationToken);
    }

    private async Task TellAsync(string what, CancellationToken cancellationToken, params object?[] with)
    {
        if (_shown is not null)
        {
            await _shown.InvokeVoidAsync(what, cancellationToken, with);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        try
        {
            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // nobody is there to clean up for
        }
    }
}
