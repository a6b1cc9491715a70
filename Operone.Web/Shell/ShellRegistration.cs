namespace Operone.Web.Shell;

/// <summary>Wires the room Shell.</summary>
internal static class ShellRegistration
{
    public static void AddShell(this WebApplicationBuilder builder)
    {
    }

    public static void MapShell(this WebApplication app)
    {
    }
}
