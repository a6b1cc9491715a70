using Operone.Web.Kernel.Jobs;
using Operone.Web.Kernel.Jobs.Runs;

namespace Operone.Web.Kernel;

/// <summary>Wires the room Kernel.</summary>
internal static class KernelRegistration
{
    public static void AddKernel(this WebApplicationBuilder builder)
    {
        builder.Services.AddJobs();
    }

    public static void MapKernel(this WebApplication app)
    {
        app.MapJobs();
        app.MapJobRuns();
    }
}
