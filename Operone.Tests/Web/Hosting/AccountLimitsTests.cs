using CsCheck;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Operone.Web.Hosting;
using Xunit;

namespace Operone.Tests.Web.Hosting;

public sealed class AccountLimitsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Account_TriedTooOften_WaitsAndMayAgain()
    {
        var limits = Create();
        for (var i = 0; i < 10; i++)
        {
            Assert.True(limits.TryTake(AccountLimits.SignIn, "ada@example.org", out var none));
            Assert.Equal(TimeSpan.Zero, none);
        }

        Assert.False(limits.TryTake(AccountLimits.SignIn, "ada@example.org", out var wait));
        Assert.Equal(TimeSpan.FromSeconds(10), wait);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(limits.TryTake(AccountLimits.SignIn, "ada@example.org", out wait));
        Assert.Equal(TimeSpan.FromSeconds(1), wait);
        _time.Advance(wait);
        Assert.True(limits.TryTake(AccountLimits.SignIn, "ada@example.org", out _));
        Assert.False(limits.TryTake(AccountLimits.SignIn, "ada@example.org", out _));

        // Left alone, it gets its whole burst back.
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(10, Enumerable.Range(0, 20).Count(i => limits.TryTake(AccountLimits.SignIn, "ada@example.org", out _)));
    }

    [Theory]
    [InlineData("ADA@example.org")]
    [InlineData("  ada@example.org\t")]
    [InlineData("ada@EXAMPLE.ORG")]
    public void Account_WrittenOtherwise_IsTheSame(string other)
    {
        var limits = Create();
        Take(limits, AccountLimits.Recovery, "ada@example.org", 5);
        Assert.False(limits.TryTake(AccountLimits.Recovery, other, out _));
    }

    [Fact]
    public void Account_OfAnotherNameOrKind_IsNotHeldUp()
    {
        var limits = Create();
        Take(limits, AccountLimits.Recovery, "ada@example.org", 5);
        Assert.True(limits.TryTake(AccountLimits.SignIn, "ada@example.org", out _));

        // Two in 32,768 may share a place.
        Assert.InRange(Enumerable.Range(0, 100).Count(i => limits.TryTake(AccountLimits.Recovery, $"person-{i}@example.org", out _)), 99, 100);
    }

    [Fact]
    public void Flood_OfMadeUpNames_DoesNotForgetARealOne()
    {
        var limits = Create();
        Take(limits, AccountLimits.SignIn, "ada@example.org", 10);
        for (var i = 0; i < 200_000; i++)
        {
            limits.TryTake(AccountLimits.SignIn, $"made-up-{i}", out _);
        }

        Assert.False(limits.TryTake(AccountLimits.SignIn, "ada@example.org", out _));
    }

    [Fact]
    public void Account_TriedManyTimesAtOnce_IsLetThroughAsOftenAsItMay()
    {
        var limits = Create();
        var taken = 0;
        Parallel.For(0, 1000, _ =>
        {
            if (limits.TryTake(AccountLimits.SignIn, "ada@example.org", out var _))
            {
                Interlocked.Increment(ref taken);
            }
        });
        Assert.Equal(10, taken);
    }

    [Fact]
    public void Account_AnyText_IsTaken()
    {
        var limits = Create();
        Gen.String.Sample(text => limits.TryTake(AccountLimits.DeviceCode, text, out var wait) ? wait == TimeSpan.Zero : wait > TimeSpan.Zero, iter: 2000);
        limits.TryTake(AccountLimits.DeviceCode, "\ud800", out _);
        limits.TryTake(AccountLimits.DeviceCode, new string('x', 1_000_000), out _);
    }

    [Fact]
    public void Scale_LetsMoreThrough()
    {
        var limits = Create(scale: 3);
        Take(limits, AccountLimits.SignIn, "ada@example.org", 30);
        Assert.False(limits.TryTake(AccountLimits.SignIn, "ada@example.org", out _));
    }

    [Fact]
    public void Kind_Unknown_IsABug() => Assert.Throws<ArgumentException>(() => Create().TryTake("other", "ada@example.org", out _));

    private AccountLimits Create(double scale = 1) => new(Options.Create(new OperoneOptions { RateLimitScale = scale }), _time);

    private static void Take(AccountLimits limits, string kind, string account, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.True(limits.TryTake(kind, account, out _));
        }
    }
}
