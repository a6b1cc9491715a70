using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Operone.Core.Errors;

namespace Operone.Web.Hosting;

/// <summary>
/// How often one address may knock at the doors where credentials are tried or given out. This machine is no exception: a
/// proxy on it may ask for the whole world. <see cref="OperoneOptions.RateLimitScale"/> lets more through; how often one
/// account may be tried from everywhere is in <see cref="AccountLimits"/>.
/// </summary>
internal static class RateLimits
{
    /// <summary>Enrolment: a burst of 100, then 20 a second.</summary>
    public const string Enrollment = "enrollment";

    /// <summary>Signing in and set-up: a burst of 20, then one every two seconds.</summary>
    public const string SignIn = "sign-in";

    /// <summary>Renewing sessions, which every open page does by itself: a burst of 200, then 20 a second.</summary>
    public const string Session = "session";

    /// <summary>Recovering an account: a burst of 10, then one every ten seconds.</summary>
    public const string Recovery = "recovery";

    /// <summary>Taking up an invitation: a burst of 20, then one every five seconds.</summary>
    public const string Invitation = "invitation";

    /// <summary>Making API tokens: a burst of 60, then one a second.</summary>
    public const string Tokens = "tokens";

    /// <summary>Signing a terminal in (RFC 8628), which asks every five seconds whether it may: a burst of 60, then two a second.</summary>
    public const string OAuth = "oauth";

    public static void AddRateLimits(this IServiceCollection services)
    {
        services.AddSingleton<AccountLimits>();
        services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = (context, _) =>
            {
                var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
                return new(Error.TooMany(wait).ToProblem().ExecuteAsync(context.HttpContext));
            };
            limiter.AddPolicy(Enrollment, context => ByAddress(context, burst: 100, perSecond: 20));
            limiter.AddPolicy(SignIn, context => ByAddress(context, burst: 20, perSecond: 0.5));
            limiter.AddPolicy(Session, context => ByAddress(context, burst: 200, perSecond: 20));
            limiter.AddPolicy(Recovery, context => ByAddress(context, burst: 10, perSecond: 0.1));
            limiter.AddPolicy(Invitation, context => ByAddress(context, burst: 20, perSecond: 0.2));
            limiter.AddPolicy(Tokens, context => ByAddress(context, burst: 60, perSecond: 1));
            limiter.AddPolicy(OAuth, context => ByAddress(context, burst: 60, perSecond: 2));
        });
    }

    private static RateLimitPartition<IPAddress> ByAddress(HttpContext context, int burst, double perSecond)
    {
        var scale = context.RequestServices.GetRequiredService<IOptions<OperoneOptions>>().Value.RateLimitScale;
        (burst, perSecond) = (Math.Max(1, (int)(burst * scale)), perSecond * scale);
        return RateLimitPartition.GetTokenBucketLimiter(Subnet(context.Connection.RemoteIpAddress ?? IPAddress.None), _ => new()
        {
            TokenLimit = burst,
            TokensPerPeriod = Math.Max(1, (int)perSecond),
            ReplenishmentPeriod = TimeSpan.FromSeconds(perSecond < 1 ? 1 / perSecond : 1),
            QueueLimit = 0,
        });
    }

    /// <summary>An IPv6 user has a /64 at least: one of its addresses counts as all.</summary>
    internal static IPAddress Subnet(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new(bytes);
    }
}
