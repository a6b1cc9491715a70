using Microsoft.AspNetCore.Components;
using Operone.Core.Errors;
using Operone.Web.Events;
using Operone.Web.Hosting;

namespace Operone.Web.Console.Frame;

/// <summary>
/// A component that shows something live: it subscribes, reads, and reads again when something changed, with a pause
/// between two reads that grows with what a read costs.
/// </summary>
public abstract class LivePage : ActorComponent, IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private LiveChanges.Subscription? _subscription;
    private CancellationTokenSource? _unwatched;
    private Task _watching = Task.CompletedTask;
    private string _watched = "";

    [Inject]
    private LiveChanges Changes { get; set; } = default!;

    [Inject]
    private protected TimeProvider Time { get; set; } = default!;

    /// <summary>What stands in the way of showing it, or null.</summary>
    private protected Error? Problem { get; set; }

    /// <summary>Whether something was read already.</summary>
    protected bool IsLoaded { get; private set; }

    /// <summary>Ends when the component does.</summary>
    protected CancellationToken Gone => _gone.Token;

    /// <summary>The least pause between two reads.</summary>
    protected virtual TimeSpan AtMostEvery => TimeSpan.FromMilliseconds(250);

    /// <summary>Where what is shown also grows old by itself: the longest pause between two reads.</summary>
    protected virtual TimeSpan? AtLeastEvery => null;

    /// <summary>The topics of <see cref="LiveChanges"/> to follow; asked again after each change of parameters.</summary>
    protected abstract IReadOnlyList<string> Topics();

    /// <summary>Reads what is shown.</summary>
    protected abstract Task ReadAsync(CancellationToken cancellationToken);

    /// <summary>Something changed, and was not asked for by the person. By default it is read again.</summary>
    protected virtual Task ChangedAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    protected override async Task OnParametersSetAsync()
    {
        if (RendererInfo.IsInteractive)
        {
            await WatchAsync();
        }

        await TryAsync(ReadAsync);
        IsLoaded = true;
    }

    /// <summary>Reads again now, because the person did something.</summary>
    protected async Task RefreshAsync()
    {
        await TryAsync(ReadAsync);
        StateHasChanged();
    }

    private async Task WatchAsync()
    {
        var topics = Topics();
        var key = string.Join('|', topics);
        if (key == _watched)
        {
            return;
        }

        await UnwatchAsync();
        _watched = key;
        if (topics.Count == 0)
        {
            return;
        }

        _subscription = Changes.Subscribe([.. topics, LiveChanges.Sight]);
        _unwatched = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
        _watching = FollowAsync(_subscription, _unwatched.Token);
    }

    private async Task FollowAsync(LiveChanges.Subscription subscription, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await WaitAsync(subscription, cancellationToken);
                var started = Time.GetTimestamp();
                await InvokeAsync(async () =>
                {
                    await TryAsync(ChangedAsync);
                    StateHasChanged();
                });
                var cost = Time.GetElapsedTime(started) * 4;
                await Task.Delay(cost > AtMostEvery ? cost : AtMostEvery, Time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the page was left
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private async Task WaitAsync(LiveChanges.Subscription subscription, CancellationToken cancellationToken)
    {
        if (AtLeastEvery is not { } most)
        {
            await subscription.WaitAsync(cancellationToken);
            return;
        }

        using var patience = new CancellationTokenSource(most, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await subscription.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // long enough
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> read)
    {
        try
        {
            await read(_gone.Token);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // the page was left
        }
        catch (Exception e) when (Problems.IsDatabaseAway(e))
        {
            Problem = Problems.DatabaseAway;
        }
    }

    private async Task UnwatchAsync()
    {
        _subscription?.Dispose();
        if (_unwatched is not null)
        {
            await _unwatched.CancelAsync();
            _unwatched.Dispose();
            _unwatched = null;
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _gone.CancelAsync();
        await UnwatchAsync();
        await _watching;
        _gone.Dispose();
    }
}
