using Microsoft.Extensions.Logging;
using Operone.Agent.Platforms;

namespace Operone.Agent.Kernel;

/// <summary>
/// Samples the machine's processes for all who look, while somebody does. It keeps nothing, and costs nothing, while nobody does.
/// Safe to use from several threads.
/// </summary>
internal sealed partial class ProcessSampler(Func<IProcesses> open, Func<ProcessOwners> owners, TimeProvider time, ILogger<ProcessSampler> logger)
{
    /// <summary>The first two samples are this far apart: how busy a process is shows by the second.</summary>
    private static readonly TimeSpan _first = TimeSpan.FromMilliseconds(300);

    private readonly Lock _lock = new();
    private readonly List<Viewer> _viewers = [];
    private Session? _session;

    /// <summary>Whether it samples now.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _session is not null;
            }
        }
    }

    /// <summary>Looks, until what it gives is disposed.</summary>
    public Viewer Look(TimeSpan interval)
    {
        lock (_lock)
        {
            var viewer = new Viewer(this, interval);
            _viewers.Add(viewer);
            _session?.Wake();
            return viewer;
        }
    }

    private async Task RunAsync(Session session)
    {
        try
        {
            using var source = open();
            var rows = new ProcessRows(source, owners(), time);
            lock (_lock)
            {
                session.Rows = rows;
            }

            while (true)
            {
                TimeSpan pause;
                Task woken;
                lock (_lock)
                {
                    if (_viewers.Count == 0)
                    {
                        _session = null;
                        return;
                    }
                }

                lock (rows)
                {
                    rows.Update();
                }

                lock (_lock)
                {
                    session.Tell();
                    woken = session.Sleep();
                    var wanted = _viewers.Count == 0 ? TimeSpan.Zero : _viewers.Min(v => v.Interval);
                    pause = rows.Number == 1 && wanted > _first ? _first : wanted;
                }

                await Pause(pause, woken);
            }
        }
#pragma warning disable CA1031 // who looks is told; the agent goes on
        catch (Exception bug)
#pragma warning restore CA1031
        {
            Log.Broke(logger, bug);
            lock (_lock)
            {
                _session = null;
                session.Fail(bug);
            }
        }
    }

    /// <summary>Waits for the next sample's time; one who comes or goes, or wants another pace, ends it early where that is due.</summary>
    private async Task Pause(TimeSpan pause, Task woken)
    {
        var began = time.GetTimestamp();
        while (pause > time.GetElapsedTime(began))
        {
            using var enough = new CancellationTokenSource();
            var rest = Task.Delay(pause - time.GetElapsedTime(began), time, enough.Token);
            if (await Task.WhenAny(rest, woken) == rest)
            {
                return;
            }

            await enough.CancelAsync();
            lock (_lock)
            {
                pause = _viewers.Count == 0 ? TimeSpan.Zero : _viewers.Min(v => v.Interval) is var wanted && wanted < pause ? wanted : pause;
                woken = _session?.Sleep() ?? Task.CompletedTask;
            }
        }
    }

    private void Leave(Viewer viewer)
    {
        lock (_lock)
        {
            _viewers.Remove(viewer);
            _session?.Wake();
        }
    }

    /// <summary>The samples from the first who looks to the last who leaves.</summary>
    private sealed class Session
    {
        private TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ProcessRows? Rows { get; set; }

        public Task Told => _told.Task;

        public void Tell() => Interlocked.Exchange(ref _told, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

        public void Fail(Exception why)
        {
            _told.SetException(new IOException($"The device cannot tell of its processes: {why.Message}", why));
            _ = _told.Task.Exception;
        }

        public void Wake() => _woken.TrySetResult();

        public Task Sleep()
        {
            _woken = _woken.Task.IsCompleted ? new(TaskCreationOptions.RunContinuationsAsynchronously) : _woken;
            return _woken.Task;
        }
    }

    /// <summary>One who looks.</summary>
    public sealed class Viewer : IDisposable
    {
        private readonly ProcessSampler _sampler;
        private readonly Session _session;
        private long _number;

        /// <summary>One who looks at samples at least this often.</summary>
        public Viewer(ProcessSampler sampler, TimeSpan interval)
        {
            (_sampler, Interval) = (sampler, interval);
            _session = sampler._session ??= sampler.Begin();
        }

        /// <summary>How often they want a sample.</summary>
        public TimeSpan Interval { get; private set; }

        /// <summary>Changes how often.</summary>
        public void Want(TimeSpan interval)
        {
            lock (_sampler._lock)
            {
                Interval = interval;
                _session.Wake();
            }
        }

        /// <summary>What has changed since they were told last, as soon as there is a sample that they have not had.</summary>
        /// <param name="least">The number that the sample must have at least.</param>
        /// <param name="cancel">Ends the wait.</param>
        /// <exception cref="IOException">The device cannot tell.</exception>
        public async Task<ProcessDifferences> NextAsync(long least, CancellationToken cancel)
        {
            while (true)
            {
                Task told;
                ProcessRows? rows;
                lock (_sampler._lock)
                {
                    (told, rows) = (_session.Told, _session.Rows);
                }

                if (rows is not null)
                {
                    lock (rows)
                    {
                        if (rows.Number > _number && rows.Number >= least)
                        {
                            var differences = rows.Since(_number);
                            _number = differences.Number;
                            return differences;
                        }
                    }
                }

                await told.WaitAsync(cancel);
            }
        }

        /// <inheritdoc/>
        public void Dispose() => _sampler.Leave(this);
    }

    /// <summary>Begins to sample. Under the lock.</summary>
    private Session Begin()
    {
        var session = new Session();
        _ = Task.Run(() => RunAsync(session));
        return session;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Sampling processes broke")]
        public static partial void Broke(ILogger logger, Exception exception);
    }
}
