using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using Operone.Web.Access;
using IPNetwork = System.Net.IPNetwork;

namespace Operone.Web.Hosting;

/// <summary>
/// Whose word is taken for who asked. Only the proxies in <see cref="OperoneOptions.Proxies"/> may say for whom they ask and
/// whether by HTTPS; from anybody else such headers mean nothing.
/// </summary>
internal static partial class Proxies
{
    private const string ForwardedFor = "X-Forwarded-For";

    // What the framework leaves behind where it has believed a proxy.
    private const string OriginalFor = "X-Original-For";

    public static void AddProxies(this IServiceCollection services) => services.AddOptions<ForwardedHeadersOptions>()
        .Configure<IOptions<OperoneOptions>>((forwarded, options) =>
        {
            // The framework trusts this machine unless told otherwise, and everybody where the lists are empty.
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var text in options.Value.Proxies)
            {
                // Options that are not right are reported, and nothing is served.
                if (IPAddress.TryParse(text, out var address))
                {
                    forwarded.KnownProxies.Add(address);
                }
                else if (IPNetwork.TryParse(text, out var network))
                {
                    forwarded.KnownIPNetworks.Add(network);
                }
            }

            // Behind several proxies the header names them all: it is read from its end as far as they are known.
            forwarded.ForwardLimit = null;
            forwarded.ForwardedHeaders = forwarded.KnownProxies.Count + forwarded.KnownIPNetworks.Count > 0
                ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto
                : ForwardedHeaders.None;
        });

    public static void UseProxies(this WebApplication app)
    {
        app.UseForwardedHeaders();
        var throttle = app.Services.GetRequiredService<NoteThrottle>();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Proxies));
        app.Use((context, next) =>
        {
            var headers = context.Request.Headers;
            if (headers.ContainsKey(ForwardedFor) && !headers.ContainsKey(OriginalFor) && throttle.Passes("forwarded", out _))
            {
                Log.HeaderIgnored(logger, context.Connection.RemoteIpAddress);
            }

            return next(context);
        });
    }

    /// <summary>Whether a program on this machine asks for itself, and not a proxy on this machine for somebody else.</summary>
    public static bool IsFromThisMachine(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !context.Request.Headers.ContainsKey(ForwardedFor) && !context.Request.Headers.ContainsKey(OriginalFor)
        && !context.Request.Headers.ContainsKey("Forwarded") && !context.Request.Headers.ContainsKey("Via");

    internal static IEnumerable<string> FindProblems(IList<string> proxies)
    {
        for (var i = 0; i < proxies.Count; i++)
        {
            var isNetwork = IPNetwork.TryParse(proxies[i], out var network);
            if (!isNetwork && !IPAddress.TryParse(proxies[i], out _))
            {
                yield return $"{OperoneOptions.Section}:Proxies: '{proxies[i]}' is neither an address (192.0.2.1) nor a network (192.0.2.0/24, which begins at its first address)";
            }
            else if (isNetwork && network.PrefixLength == 0)
            {
                yield return $"{OperoneOptions.Section}:Proxies: '{proxies[i]}' is everybody: name the proxies alone";
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "X-Forwarded-For from {Address} is ignored, for it is not in Operone:Proxies. Add it if it is your reverse proxy")]
        public static partial void HeaderIgnored(ILogger logger, IPAddress? address);
    }
}
