using Microsoft.Extensions.Time.Testing;
using Operone.Web.Hosting.Nodes;
using Xunit;

namespace Operone.Tests.Web.Hosting.Nodes;

public sealed class NodeDirectoryTests
{
    [Fact]
    public void Node_ThatSaysNothing_CountsAsGoneOnce()
    {
        var time = new FakeTimeProvider();
        var directory = new NodeDirectory(time);
        var (loud, still) = (Guid.NewGuid(), Guid.NewGuid());
        Assert.True(directory.Heard(loud, new("http://a/")));
        Assert.True(directory.Heard(still, new("http://b/")));
        time.Advance(NodeDirectory.Silence);
        Assert.False(directory.Heard(loud, new("http://a/")));
        Assert.Empty(directory.Silent());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([still], directory.Silent());
        Assert.Empty(directory.Silent());
        Assert.Null(directory.AddressOf(still));
        Assert.Equal(new Uri("http://a/"), directory.AddressOf(loud));
        Assert.True(directory.Heard(still, new("http://b/")));
    }
}
