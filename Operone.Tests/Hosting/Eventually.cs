using System.Diagnostics;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>Waits for what the node does by itself, by looking again and again.</summary>
internal static class Eventually
{
    /// <summary>Looks until there is something (neither null nor false), and gives it.</summary>
    public static Task<T> BecomesAsync<T>(Func<Task<T?>> look, string what, double seconds = 15) => BecomesAsync(look, () => what, seconds);

    /// <summary>The same; what there is not is asked for at the end.</summary>
    public static async Task<T> BecomesAsync<T>(Func<Task<T?>> look, Func<string> what, double seconds)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            // the last look is one after the time is up: this process may have stood still meanwhile
            var isLast = patience.Elapsed >= TimeSpan.FromSeconds(seconds);
            if (await look() is { } found and not false)
            {
                return found;
            }

            if (isLast)
            {
                break;
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"After {seconds} s there is still not: {what()}");
        return default;
    }
}
