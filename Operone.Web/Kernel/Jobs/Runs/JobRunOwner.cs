using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Jobs.Runs;

/// <summary>The pipelines that runs of jobs have called: they stay for as long as the run that called them.</summary>
internal sealed class JobRunOwner : IRunOwner
{
    public async Task<List<Guid>> OwnedAsync(OperoneDb db, IReadOnlyList<Guid> runs, CancellationToken cancellationToken)
    {
        var some = runs.ToArray();
        return await db.Set<JobRunCall>().Where(c => EF.Parameter(some).Contains(c.CalledId)).Select(c => c.CalledId)
            .Union(db.Set<JobRunPart>().Where(p => EF.Parameter(some).Contains(p.RunId)).Select(p => p.RunId)).ToListAsync(cancellationToken);
    }
}
