using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Operone.Agent.Shell;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Shell;

public sealed class TombstonesTests
{
    [Fact]
    public void Tombstones_AreKeptOverRestartsFor48Hours()
    {
        using var temp = new TempFolder();
        var time = new FakeTimeProvider();
        var (old, young) = (Guid.NewGuid(), Guid.NewGuid());
        var first = New(temp, time);
        first.Add(old);
        time.Advance(TimeSpan.FromHours(47));
        first.Add(young);
        Assert.True(first.Has(old));

        var second = New(temp, time);
        Assert.True(second.Has(old) && second.Has(young));
        Assert.False(second.Has(Guid.NewGuid()));
        time.Advance(TimeSpan.FromHours(3));
        second.Add(Guid.NewGuid());
        Assert.False(second.Has(old));
        Assert.True(second.Has(young));
        Assert.Equal(2, Directory.GetFiles(temp["over"]).Length);
        Assert.False(New(temp, time).Has(old));
    }

    private static Tombstones New(TempFolder temp, TimeProvider time)
    {
        var tombstones = new Tombstones(temp["over"], time, NullLogger<Tombstones>.Instance);
        tombstones.Load();
        return tombstones;
    }
}
