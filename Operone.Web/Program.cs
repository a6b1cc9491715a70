using Operone.Web.Access;
using Operone.Web.Agents;
using Operone.Web.Channels;
using Operone.Web.Console;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Files;
using Operone.Web.Files.Documents;
using Operone.Web.Hosting;
using Operone.Web.Kernel;
using Operone.Web.Shell;

namespace Operone.Web;

/// <summary>The node, from top to bottom. The tests build the same one.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is [PdfProgram.Verb])
        {
            return PdfProgram.Run(System.Console.OpenStandardInput(), System.Console.OpenStandardOutput());
        }

        // What a verb does is done instead of serving.
        var isRecovery = args is [RecoveryCommand.Verb, ..];
        await using var app = isRecovery ? Build(args[Math.Min(args.Length, 2)..], builder => builder.Logging.ClearProviders()) : Build(args);
        if (!app.OptionsAreRight())
        {
            return 1;
        }

        if (isRecovery)
        {
            return await RecoveryCommand.RunAsync(app, args.ElementAtOrDefault(1), System.Console.Out, System.Console.Error, CancellationToken.None);
        }

        await PrepareAsync(app);
        return await app.ServeAsync();
    }

    /// <summary>The node, wired but not prepared.</summary>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        // The settings and the console's files lie beside the program, wherever it is started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,
            ApplicationName = typeof(Program).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        configure?.Invoke(builder);
        builder.AddHosting();
        builder.AddData();
        builder.AddAccess();
        builder.AddEvents();
        builder.AddDevices();
        builder.AddChannels();
        builder.AddShell();
        builder.AddFiles();
        builder.AddKernel();
        builder.AddAgents();
        builder.AddConsole();

        return builder.Build();
    }

    /// <summary>What must be done before the first request: the doors, the database, the owner, what is kept in memory.</summary>
    public static async Task PrepareAsync(WebApplication app)
    {
        var stopping = app.Lifetime.ApplicationStopping;

        // The database takes longest: the doors are hung meanwhile.
        var database = Task.Run(() => app.PrepareDatabaseAsync(stopping), stopping);
        Map(app);
        await database;
        await app.PrepareAccessAsync(stopping);
        await app.PrepareDevicesAsync(stopping);
        await app.PrepareShellAsync(stopping);
    }

    private static void Map(WebApplication app)
    {
        app.UseHosting();
        app.UseChannels();
        app.UseAccess();
        app.MapHosting();
        app.MapAccess();
        app.MapEvents();
        app.MapDevices();
        app.MapChannels();
        app.MapShell();
        app.MapFiles();
        app.MapKernel();
        app.MapAgents();
        app.MapConsole();
    }
}
