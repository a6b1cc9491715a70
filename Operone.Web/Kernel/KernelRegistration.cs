using Operone.Web.Kernel.Processes;

namespace Operone.Web.Kernel;

/// <summary>Wires the room Kernel.</summary>
internal static class KernelRegistration
{
    public static void AddKernel(this WebApplicationBuilder builder) => builder.Services.AddProcesses();

    public static void MapKernel(this WebApplication app) => app.MapProcesses();
}
