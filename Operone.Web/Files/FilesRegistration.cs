using Microsoft.Extensions.Options;
using Operone.Web.Files.Archives;
using Operone.Web.Files.Archives.Inside;
using Operone.Web.Files.Dav;
using Operone.Web.Files.Documents;
using Operone.Web.Files.Mounts;
using Operone.Web.Files.Pages;
using Operone.Web.Files.Policies;
using Operone.Web.Files.Reuse;
using Operone.Web.Files.Search;
using Operone.Web.Files.Transfers;
using Operone.Web.Files.Unpack;
using Operone.Web.Files.Uploads;
using Operone.Web.Hosting;

namespace Operone.Web.Files;

/// <summary>Wires the room Files.</summary>
internal static class FilesRegistration
{
    public static void AddFiles(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<FileChannels>();
        services.AddHostedService(provider => provider.GetRequiredService<FileChannels>());
        services.AddSingleton<FileScopes>();
        services.AddSingleton<FilePolicyService>();
        services.AddMounts();
        services.AddSingleton<FileTree>();
        services.AddSingleton<FileRecords>();
        services.AddSingleton<FileService>();
        services.AddSingleton<FileChunkService>();
        services.AddSingleton<ArchiveService>();
        services.AddSingleton<PdfTexts>();
        services.AddSingleton<PdfSearch>();
        services.AddSingleton<FileSearchService>();
        services.AddOptions<UnpackOptions>().BindConfiguration(UnpackOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<UnpackOptions>, UnpackOptionsValidation>();
        services.AddSingleton<UnpackService>();
        services.AddSingleton<ArchiveInside>();
        services.AddScoped<FileActs>();
        services.AddSingleton<UploadService>();
        services.AddSingleton<IRecurringJob, UploadUpkeep>();
        services.AddSingleton<TransferPlaces>();
        services.AddSingleton<TransferPlanner>();
        services.AddSingleton<TransferRunner>();
        services.AddHostedService(provider => provider.GetRequiredService<TransferRunner>());
        services.AddSingleton<TransferService>();
        services.AddSingleton<IRecurringJob, TransferUpkeep>();
        services.AddDav();
    }

    public static void MapFiles(this WebApplication app)
    {
        FileEndpoints.Map(app);
        app.MapFilePolicies();
        app.MapFileSearch();
        app.MapMounts();
        app.MapUploads();
        app.MapTransfers();
        app.MapDav();
    }
}
