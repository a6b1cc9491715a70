using System.Collections.Immutable;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Operone.Core.Shell;
using Operone.Web.Events;

namespace Operone.Web.Shell.Pages.Output;

/// <summary>
/// Follows one execution's output. The lines go to the browser as they come and are not kept here; the browser keeps the
/// last <see cref="OutputFeed.MaxLines"/>.
/// </summary>
public sealed partial class OutputView
{
    private const int TailBytes = 2 * 1024 * 1024;
    private const int ReadBytes = 512 * 1024;
    private const int FirstLines = 300;

    private readonly OutputFeed _feed = new();
    private OutputGaps? _gaps;
    private readonly SemaphoreSlim _turn = new(1);
    private string _first = "";
    private OutputUpdate? _waiting;
    private bool _isRead;
    private long _seq;
    private bool _startsLate;
    private ElementReference _root;
    private IJSObjectReference? _module;
    private IJSObjectReference? _screen;

    [Inject]
    private RunOutput Output { get; set; } = default!;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    [Parameter, EditorRequired]
    public Guid RunId { get; set; }

    [Parameter, EditorRequired]
    public ExecutionView Execution { get; set; } = default!;

    protected override TimeSpan AtMostEvery => TimeSpan.FromMilliseconds(100);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Run(RunId)];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        // One view is for one execution: the page makes a new one for another.
        if (_isRead || Problem is not null)
        {
            return;
        }

        var tail = await Output.FindTailAsync(Actor, RunId, Execution.Id, TailBytes, cancellationToken);
        if (tail.IsError)
        {
            Problem = tail.Error;
            return;
        }

        _seq = tail.Value;
        _startsLate = _seq > 0;
        while (await ReadOnAsync(cancellationToken))
        {
        }

        _waiting = _feed.Take() with { Clear = true };
        _first = First(_waiting);
        _isRead = true;
    }

    protected override async Task ChangedAsync(CancellationToken cancellationToken)
    {
        if (_screen is null || !_isRead || _waiting is not null)
        {
            return;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            while (await ReadOnAsync(cancellationToken))
            {
                await SendAsync(_feed.Take(), cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        try
        {
            if (firstRender)
            {
                _module = await Script.InvokeAsync<IJSObjectReference>("import", Gone, "./" + Assets["Shell/Pages/Output/OutputView.razor.js"]);
                _screen = await _module.InvokeAsync<IJSObjectReference>("start", Gone, _root, OutputFeed.MaxLines);
            }

            if (_screen is not null && _waiting is { } waiting)
            {
                _waiting = null;
                await SendAsync(waiting, Gone);

                // What came while the module was loading.
                await ChangedAsync(Gone);
            }
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // the page was left
        }
    }

    private async Task<bool> ReadOnAsync(CancellationToken cancellationToken)
    {
        var slice = await Output.ReadAsync(Actor, RunId, Execution.Id, _seq, ReadBytes, cancellationToken);
        if (slice.IsError)
        {
            Problem = slice.Error;
            return false;
        }

        _gaps ??= new OutputGaps(ImmutableDictionary<(Guid, JournalKind), long>.Empty, fromStart: _seq == 0);
        foreach (var entry in slice.Value.Entries)
        {
            if (_gaps.Take(entry) is { } gap)
            {
                _feed.Read(OutputStream.Stderr, Encoding.UTF8.GetBytes($"operone: {gap.Describe((OutputStream)entry.Kind, Execution.NewestBytes)}\n"));
            }

            if (entry.Kind != JournalKind.Status)
            {
                _feed.Read(entry.Kind == JournalKind.Stderr ? OutputStream.Stderr : OutputStream.Stdout, entry.Data);
            }
        }

        var isNew = slice.Value.LastSeq > _seq;
        _seq = slice.Value.LastSeq;
        return isNew;
    }

    // Waits for the browser to have drawn it: that is what holds back a command that prints faster than a page can.
    private async Task SendAsync(OutputUpdate update, CancellationToken cancellationToken)
    {
        try
        {
            await _screen!.InvokeVoidAsync("append", cancellationToken, update.Clear, update.Blocks, update.Open);
        }
        catch (JSDisconnectedException)
        {
            // the page was left
        }
    }

    private static string First(OutputUpdate all)
    {
        var lines = 0;
        var last = all.Blocks.Reverse().TakeWhile(b => (lines += b.Lines) <= FirstLines).Reverse();
        return string.Concat(last.Select(b => $"<div class=\"block\">{b.Html}</div>")) + $"<div class=\"open\">{all.Open}</div>";
    }

    private string Raw(string what) => $"api/v1/runs/{RunId}/executions/{Execution.DeviceId}/{what}";

    private string FileName(string what) => $"{Execution.DeviceName}-{RunId:N}.{what}";

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _turn.Dispose();
        try
        {
            if (_screen is not null)
            {
                await _screen.InvokeVoidAsync("stop");
                await _screen.DisposeAsync();
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
    }
}
