using Microsoft.EntityFrameworkCore;
using Operone.Core.Kernel.Jobs;
using Operone.Web.Data;

namespace Operone.Web.Kernel.Jobs;

/// <summary>A job that another one calls, as it is now.</summary>
internal sealed record CalledJob(Guid Id, string Name, int Version, JobDefinition Definition)
{
    /// <summary>All that a job calls, and that they call in their turn, each once. One that there is not is left out: it fails when it is called.</summary>
    public static async Task<IReadOnlyList<CalledJob>> OfAsync(OperoneDb db, string name, JobDefinition definition, CancellationToken cancellationToken)
    {
        var (all, seen) = (new List<CalledJob>(), new HashSet<string> { Job.Normalize(name) });
        var left = new Queue<JobDefinition>([definition]);
        while (left.TryDequeue(out var next))
        {
            foreach (var called in next.Steps!.Select(s => s.Job?.Name).OfType<string>())
            {
                if (seen.Add(Job.Normalize(called)) && await Job.FindAsync(db, called, cancellationToken) is { } job)
                {
                    all.Add(new(job.Id, job.Name, job.Version, job.Definition));
                    left.Enqueue(job.Definition);
                }
            }
        }

        return all;
    }

    /// <summary>Whether another job calls this one, by its id or by a name that it has or gets.</summary>
    public static async Task<bool> IsAnyAsync(OperoneDb db, Job? job, string name, CancellationToken cancellationToken)
    {
        var (names, id) = (new[] { Job.Normalize(name), Job.Normalize(job?.Name ?? name) }, job?.Id ?? Guid.Empty);
        await foreach (var other in db.Set<Job>().Where(j => j.Id != id).Select(j => j.Definition).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (other.Steps!.Any(s => s.Job?.Name is { } called && (names.Contains(Job.Normalize(called)) || (Guid.TryParse(called, out var given) && given == id))))
            {
                return true;
            }
        }

        return false;
    }
}
