using Operone.Web.Console.Parts;
using Xunit;

namespace Operone.Tests.Web.Console;

public sealed class HeldRowsTests
{
    private static readonly Guid A = Guid.CreateVersion7();
    private static readonly Guid B = Guid.CreateVersion7();

    [Fact]
    public void News_UnderThePointer_Wait_WhileWhatIsThereIsBroughtUpToDate()
    {
        var held = new HeldRows<(Guid Id, string Text)>(r => r.Id);
        held.Reset([(A, "running")]);
        held.Hold();
        held.Take([(B, "new"), (A, "succeeded")]);
        Assert.Equal([(A, "succeeded")], held.Rows);
        Assert.Equal(1, held.News);

        held.Release();
        Assert.Equal([(B, "new"), (A, "succeeded")], held.Rows);
        Assert.Equal(0, held.News);
        Assert.True(held.IsFresh((B, "new")));
        Assert.False(held.IsFresh((A, "succeeded")));
    }

    [Fact]
    public void News_ElsewhereThanThePointer_AreShownAtOnce()
    {
        var held = new HeldRows<(Guid Id, string Text)>(r => r.Id);
        held.Reset([(A, "a")]);
        held.Take([(B, "b"), (A, "a")]);
        Assert.Equal(2, held.Rows.Count);
    }
}
