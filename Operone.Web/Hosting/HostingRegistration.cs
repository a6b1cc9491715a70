using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Operone.Core.Shell;
using Operone.Web.Hosting.Nodes;

namespace Operone.Web.Hosting;

/// <summary>Wires what belongs to no room: options, problem details, JSON, OpenAPI, health, telemetry, the scheduler.</summary>
internal static class HostingRegistration
{
    public static void AddHosting(this WebApplicationBuilder builder)
    {
        if (builder.Configuration[$"{OperoneOptions.Section}:{nameof(OperoneOptions.SecretsDirectory)}"] is { Length: > 0 } secrets)
        {
            // a folder that is not there is said, like everything else that is wrong, when the options are checked
            builder.Configuration.AddKeyPerFile(Path.GetFullPath(secrets), optional: true);
        }

        var services = builder.Services;
        services.AddOptions<OperoneOptions>().BindConfiguration(OperoneOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<OperoneOptions>, OperoneOptionsValidation>();
        services.AddSingleton<IPostConfigureOptions<OperoneOptions>, OperoneOptionsLists>();
        services.AddSingleton<PublicAddress>();
        services.AddProxies();
        services.AddSingleton<Origins>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddProblems();
        services.AddRateLimits();
        services.AddApiDescription();
        services.AddHostedService<Scheduler>();
        builder.AddMetrics();
        builder.AddNodes();
        services.KeepAddressesOutOfTheLog();
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            options.SerializerOptions.AllowDuplicateProperties = false;
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        });
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddSingleton<IMemoryPoolFactory<byte>, TransportMemory>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RunLimits.MaxScriptBytes * 4;
        });
    }

    public static void UseHosting(this WebApplication app)
    {
        app.UseProxies();
        app.UseSecurityHeaders();
        app.UseExceptionHandler("/error", createScopeForErrors: true);
        app.UseOrigins();
        app.UseRouting();
        app.UseRateLimiter();
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/api"), api => api.UseStatusCodePages());
    }

    public static void MapHosting(this WebApplication app)
    {
        HealthEndpoints.Map(app);
        app.MapApiDescription();
        app.MapMetrics();
    }
}
