using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Operone.Core.Access;
using Operone.Web.Access;

namespace Operone.Web.Hosting;

/// <summary>Options of the metrics, at the key <c>Operone:Metrics</c>.</summary>
internal sealed class MetricsOptions
{
    public const string Section = "Operone:Metrics";

    /// <summary>
    /// Whether <c>/metrics</c> needs no credential. Where it is not given: from this machine alone; others need
    /// <see cref="Permissions.EventsRead"/> on everything.
    /// </summary>
    public bool? Anonymous { get; set; }
}

/// <summary>Metrics for Prometheus; metrics, traces and logs by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
internal static class MetricsRegistration
{
    /// <summary>Every meter of Operone's own has this name or one that begins so.</summary>
    public const string Meter = "Operone";

    private const string Policy = "metrics";
    private const int MaxSeries = 200;

    public static void AddMetrics(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<MetricsOptions>().BindConfiguration(MetricsOptions.Section).ValidateOnStart();
        services.AddAuthorizationBuilder().AddPolicy(Policy, policy => policy.RequireAssertion(MayRead));
        var toCollector = !string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("operone", serviceVersion: typeof(MetricsRegistration).Assembly.GetName().Version?.ToString(3)))
            .WithMetrics(metrics =>
            {
                // Room is taken for every series at once: the usual 2,000 for each instrument are 10 MB of nothing.
                metrics.AddView(_ => new MetricStreamConfiguration { CardinalityLimit = MaxSeries });
                metrics.AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddMeter(Meter, Meter + ".*").AddPrometheusExporter();
                if (toCollector)
                {
                    metrics.AddOtlpExporter();
                }
            });
        if (toCollector)
        {
            telemetry
                .WithTracing(tracing => tracing.AddAspNetCoreInstrumentation().AddSource(Meter, Meter + ".*").AddOtlpExporter())
                .WithLogging(logging => logging.AddOtlpExporter());
        }
    }

    public static void MapMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint("/metrics").RequireAuthorization(Policy);

    private static bool MayRead(AuthorizationHandlerContext context)
    {
        if (context.Resource is not HttpContext http)
        {
            return false;
        }

        var anonymous = http.RequestServices.GetRequiredService<IOptions<MetricsOptions>>().Value.Anonymous
            ?? Proxies.IsFromThisMachine(http);
        return anonymous || Actor.From(context.User).MayEverywhere(Permissions.EventsRead);
    }
}
