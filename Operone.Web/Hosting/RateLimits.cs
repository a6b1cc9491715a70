using System.Net;
using System.Threading.RateLimiting;
using Operone.Core.Errors;

namespace Operone.Web.Hosting;

/// <summary>How often one address may knock at the doors that need no credential.</summary>
internal static class RateLimits
{
    /// <summary>Enrolment: a burst of 100, then 20 a second, for each address. This machine itself is not held back.</summary>
    public const string Enrollment = "enrollment";

    /// <summary>Signing in and set-up: a burst of 20, then one every two seconds, for each address.</summary>
    public const string SignIn = "sign-in";

    public static void AddRateLimits(this IServiceCollection services) => services.AddRateLimiter(limiter =>
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.OnRejected = (context, _) =>
        {
            var seconds = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)) : 1;
            context.HttpContext.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var error = new Error(ErrorKind.Unavailable, "too-many-requests", "Too many requests.", $"Try again in {seconds} s.");
            var details = Problems.Details(error);
            details.Status = StatusCodes.Status429TooManyRequests;
            return new(TypedResults.Problem(details).ExecuteAsync(context.HttpContext));
        };
        limiter.AddPolicy(Enrollment, context => ByAddress(context, burst: 100, perSecond: 20));
        limiter.AddPolicy(SignIn, context => ByAddress(context, burst: 20, perSecond: 0.5));
    });

    private static RateLimitPartition<IPAddress> ByAddress(HttpContext context, int burst, double perSecond)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return IPAddress.IsLoopback(address)
            ? RateLimitPartition.GetNoLimiter(address)
            : RateLimitPartition.GetTokenBucketLimiter(Subnet(address), _ => new()
            {
                TokenLimit = burst,
                TokensPerPeriod = Math.Max(1, (int)perSecond),
                ReplenishmentPeriod = TimeSpan.FromSeconds(perSecond < 1 ? 1 / perSecond : 1),
                QueueLimit = 0,
            });
    }

    /// <summary>An IPv6 user has a /64 at least: one of its addresses counts as all.</summary>
    private static IPAddress Subnet(IPAddress address)
    {
        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new(bytes);
    }
}
