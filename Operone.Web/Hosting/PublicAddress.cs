using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Operone.Web.Hosting;

/// <summary>Where this installation is reached.</summary>
internal sealed class PublicAddress(IOptions<OperoneOptions> options, IServer server)
{
    /// <summary>For who sits at this machine: the configured address, else the first that the server listens on. Without a slash at the end.</summary>
    public string Local
    {
        get
        {
            if (options.Value.PublicUrl is { Length: > 0 } configured)
            {
                return configured.TrimEnd('/');
            }

            var first = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://localhost:5080";
            foreach (var any in (ReadOnlySpan<string>)["://[::]", "://0.0.0.0", "://*", "://+"])
            {
                first = first.Replace(any, "://localhost", StringComparison.Ordinal);
            }

            return first.TrimEnd('/');
        }
    }

    /// <summary>For who asks: the configured address, else the one they asked. Without a slash at the end.</summary>
    public string For(HttpRequest request) => options.Value.PublicUrl is { Length: > 0 } configured
        ? configured.TrimEnd('/')
        : $"{request.Scheme}://{request.Host}{request.PathBase}".TrimEnd('/');

    /// <summary>For who sits in the console: the configured address, else the one in their browser. Without a slash at the end.</summary>
    public string For(string baseUri) => options.Value.PublicUrl is { Length: > 0 } configured ? configured.TrimEnd('/') : baseUri.TrimEnd('/');
}
