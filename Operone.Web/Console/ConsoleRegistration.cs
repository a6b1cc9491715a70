namespace Operone.Web.Console;

/// <summary>Wires the console: Blazor, MudBlazor, static files.</summary>
internal static class ConsoleRegistration
{
    public static void AddConsole(this WebApplicationBuilder builder)
    {
    }

    public static void MapConsole(this WebApplication app)
    {
    }
}
