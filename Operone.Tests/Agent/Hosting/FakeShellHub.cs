using System.Collections.Concurrent;
using Operone.Core.Connection;
using Operone.Core.Shell;
using Xunit;

namespace Operone.Tests.Agent.Hosting;

/// <summary>A server's side of the room Shell: it stores what agents report, and acknowledges it where it is told to.</summary>
internal sealed class FakeShellHub : IShellHub
{
    private readonly ConcurrentDictionary<Guid, StoredExecution> _stored = new();

    /// <summary>Where acknowledgements go; null keeps them back.</summary>
    public Action<ExecutionAcknowledgement>? Acknowledge { get; set; }

    /// <summary>What is done with a report instead of storing it; true where it was dealt with.</summary>
    public Func<ExecutionReport, bool>? Instead { get; set; }

    public StoredExecution this[Guid id] => _stored.GetOrAdd(id, _ => new StoredExecution());

    public Task<ExecutionReconciliation> ReconcileExecutions(ExecutionInventory inventory) =>
        Task.FromResult(new ExecutionReconciliation([.. inventory.ExecutionIds.Select(id => this[id].Acknowledgement(id))]));

    public Task ReportExecution(ExecutionReport report)
    {
        if (Instead?.Invoke(report) == true)
        {
            return Task.CompletedTask;
        }

        var stored = this[report.ExecutionId];
        stored.Take(report);
        Acknowledge?.Invoke(stored.Acknowledgement(report.ExecutionId));
        return Task.CompletedTask;
    }
}

/// <summary>One connection to a hub. Once it is cut, nothing that was under way on it arrives any more.</summary>
internal sealed class FakeShellConnection(FakeShellHub hub) : IShellHub
{
    private readonly Lock _lock = new();
    private bool _isCut;

    public void Cut()
    {
        lock (_lock)
        {
            _isCut = true;
        }
    }

    public Task<ExecutionReconciliation> ReconcileExecutions(ExecutionInventory inventory) => hub.ReconcileExecutions(inventory);

    public Task ReportExecution(ExecutionReport report)
    {
        lock (_lock)
        {
            return _isCut ? Task.FromException(new InvalidOperationException("The connection is cut.")) : hub.ReportExecution(report);
        }
    }
}

/// <summary>What a server has of an execution.</summary>
internal sealed class StoredExecution
{
    private readonly Lock _lock = new();
    private readonly List<byte> _stdout = [];
    private readonly List<byte> _stderr = [];

    /// <summary>Whether no byte may come twice. After a crash, what was under way on the old connection may come late.</summary>
    public bool IsStrict { get; set; } = true;

    public ExecutionEnd? End { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public int Reports { get; private set; }

    /// <summary>How a supervised command does, as it was last told.</summary>
    public SupervisionState? Supervision { get; private set; }

    /// <summary>How many bytes were told to be missing; they are kept as zeros.</summary>
    public long Missing { get; private set; }

    public string Errors
    {
        get
        {
            lock (_lock)
            {
                return System.Text.Encoding.UTF8.GetString([.. _stderr]);
            }
        }
    }

    public byte[] Stdout
    {
        get
        {
            lock (_lock)
            {
                return [.. _stdout];
            }
        }
    }

    public string Text => System.Text.Encoding.UTF8.GetString(Stdout);

    public void Take(ExecutionReport report)
    {
        lock (_lock)
        {
            Reports++;
            StartedAt = report.StartedAt ?? StartedAt;
            Supervision = report.Supervision ?? Supervision;
            if (report.From is { } from)
            {
                Missing += Math.Max(0, from.Stdout - _stdout.Count) + Math.Max(0, from.Stderr - _stderr.Count);
                _stdout.AddRange(new byte[Math.Max(0, from.Stdout - _stdout.Count)]);
                _stderr.AddRange(new byte[Math.Max(0, from.Stderr - _stderr.Count)]);
            }

            foreach (var chunk in report.Output ?? [])
            {
                var stream = chunk.Stream == OutputStream.Stdout ? _stdout : _stderr;
                if (IsStrict)
                {
                    Assert.Equal(stream.Count, chunk.Offset);
                }

                Assert.True(chunk.Offset <= stream.Count, "a piece is missing");
                stream.AddRange(chunk.Data.Skip((int)(stream.Count - chunk.Offset)));
            }

            if (report.End is not null)
            {
                Assert.Equal((_stdout.Count, _stderr.Count), (report.End.StdoutBytes, report.End.StderrBytes));
                End = report.End;
            }
        }
    }

    /// <summary>Forgets what came last, as a server does that was restored from a copy.</summary>
    public void CutTo(long stdout)
    {
        lock (_lock)
        {
            _stdout.RemoveRange((int)stdout, _stdout.Count - (int)stdout);
        }
    }

    public ExecutionAcknowledgement Acknowledgement(Guid id)
    {
        lock (_lock)
        {
            return new ExecutionAcknowledgement(id, _stdout.Count, _stderr.Count, End is not null);
        }
    }
}
