using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Operone.Web.Hosting;

/// <summary>
/// How often one account may be tried, from however many addresses. It takes the same memory whatever is asked: an account
/// has its place in a table by a hash that nobody outside can know, so that no flood of made-up names pushes a real one
/// out, and two accounts share a place by chance alone.
/// </summary>
internal sealed class AccountLimits
{
    /// <summary>Signing in with a password, a code or a passkey; the account is the e-mail. A burst of 10, then one every ten seconds.</summary>
    public const string SignIn = "sign-in";

    /// <summary>Asking for or using a way to recover; the account is the e-mail. A burst of 5, then one a minute.</summary>
    public const string Recovery = "recovery";

    /// <summary>Taking up an invitation; the account is the beginning of its text. A burst of 10, then one every ten seconds.</summary>
    public const string Invitation = "invitation";

    /// <summary>Enrolling devices; the account is the beginning of the token. A burst of 1,000, then 50 a second: one token may be for a fleet.</summary>
    public const string Enrollment = "enrollment";

    /// <summary>Making API tokens; the account is the maker's id. A burst of 60, then one every five seconds.</summary>
    public const string Tokens = "tokens";

    /// <summary>Typing the code that a terminal shows (RFC 8628, section 5.1); the account is who types. A burst of 10, then one every 30 seconds.</summary>
    public const string DeviceCode = "device-code";

    // 256 KB for each kind that is used.
    private const int Places = 32_768;

    private readonly FrozenDictionary<string, Limit> _limits;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    public AccountLimits(IOptions<OperoneOptions> options, TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
        var scale = options.Value.RateLimitScale;
        _limits = new Dictionary<string, Limit>
        {
            [SignIn] = new(10, 10, scale),
            [Recovery] = new(5, 60, scale),
            [Invitation] = new(10, 10, scale),
            [Enrollment] = new(1000, 0.02, scale),
            [Tokens] = new(60, 5, scale),
            [DeviceCode] = new(10, 30, scale),
        }.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Whether it may be tried now; where not, how long to wait. A try that is refused does not count.</summary>
    /// <param name="kind">One of the names above.</param>
    /// <param name="account">As typed: blanks around it and case do not matter.</param>
    /// <param name="retryAfter">Zero where it may.</param>
    /// <exception cref="ArgumentException">There is no such kind.</exception>
    public bool TryTake(string kind, string account, out TimeSpan retryAfter)
    {
        if (!_limits.TryGetValue(kind, out var limit))
        {
            throw new ArgumentException($"There is no limit '{kind}'.", nameof(kind));
        }

        ref var due = ref limit.Due.Value[PlaceOf(account)];
        var now = _time.GetElapsedTime(_start).Ticks;
        while (true)
        {
            // The generic cell rate algorithm (ITU-T I.371): when the bucket will be full again is all there is to know.
            var seen = Volatile.Read(ref due);
            var next = Math.Max(seen, now) + limit.Interval;
            if (next - now > limit.Interval * limit.Burst)
            {
                retryAfter = TimeSpan.FromTicks(next - now - (limit.Interval * limit.Burst));
                return false;
            }

            if (Interlocked.CompareExchange(ref due, next, seen) == seen)
            {
                retryAfter = TimeSpan.Zero;
                return true;
            }
        }
    }

    private int PlaceOf(string account)
    {
        var text = account.Length > 512 ? account[..512] : account;
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text.Trim().ToUpperInvariant()), hash);
        return BitConverter.ToUInt16(hash) % Places;
    }

    private sealed class Limit(int burst, double seconds, double scale)
    {
        public long Burst { get; } = Math.Max(1, (long)(burst * scale));

        public long Interval { get; } = Math.Max(1, (long)(TimeSpan.TicksPerSecond * seconds / scale));

        public Lazy<long[]> Due { get; } = new(() => new long[Places]);
    }
}
