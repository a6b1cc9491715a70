using Microsoft.AspNetCore.Diagnostics;
using MudBlazor;
using MudBlazor.Services;
using Operone.Web.Console.Palette;

namespace Operone.Web.Console;

/// <summary>Wires the console: Blazor, MudBlazor, static files, the pages of a failure.</summary>
internal static class ConsoleRegistration
{
    public static void AddConsole(this WebApplicationBuilder builder)
    {
        // Also where the program was built but not published; a published one has its files in wwwroot.
        builder.WebHost.UseStaticWebAssets();
        var services = builder.Services;
        services.AddRazorComponents().AddInteractiveServerComponents(circuit =>
        {
            // A laptop that was shut over lunch finds its page as it was.
            circuit.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(30);
            circuit.DisconnectedCircuitMaxRetained = 200;
        });
        services.AddCascadingAuthenticationState();
        services.AddMudServices(mud =>
        {
            mud.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            mud.SnackbarConfiguration.VisibleStateDuration = 4000;
            mud.SnackbarConfiguration.ShowTransitionDuration = 100;
            mud.SnackbarConfiguration.HideTransitionDuration = 100;
        });
        services.AddScoped<PageActions>();
        services.AddScoped<PaletteSearch>();
    }

    public static void MapConsole(this WebApplication app)
    {
        // What programs ask for has been given its problem details by then; what is left is a person's.
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.Use((context, next) =>
        {
            if (!IsPage(context) && context.Features.Get<IStatusCodePagesFeature>() is { } pages)
            {
                pages.Enabled = false;
            }

            return next(context);
        });
        app.UseAntiforgery();
        app.MapStaticAssets().AllowAnonymous();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(
            // Our own policy says who may frame a page: nobody.
            mode => mode.ContentSecurityFrameAncestorsPolicy = null);
    }

    private static bool IsPage(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method)
        && !context.Request.Path.StartsWithSegments("/api")
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);
}
