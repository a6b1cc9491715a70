using Operone.Web.Files.Pages.Look.Tables;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

public sealed class TableTextTests
{
    [Fact]
    public void Table_WithQuotedLineBreaks_IsReadRowByRow()
    {
        var table = Read("name,note\nAnna,\"two\nlines, and a \"\"quote\"\"\"\r\n\r\nBen,=1+1\n");
        Assert.Equal([["name", "note"], ["Anna", "two\nlines, and a \"quote\""], ["Ben", "=1+1"]], table.Rows.Select(r => r.Cells));
        Assert.Equal([1, 2, 5], table.Rows.Select(r => r.Line!.Value));
        Assert.Equal((0, 2), (table.FaultCount, table.Columns));
    }

    [Fact]
    public void Table_WithBrokenRows_SaysWhich()
    {
        var table = Read("a,b\n1\n1,2\n1,2,3\n");
        Assert.Equal(["Line 2 has 1 value, not 2", "Line 4 has 3 values, not 2"], table.Faults);
        Assert.Equal([false, true, false, true], table.Rows.Select(r => r.IsBroken));
        Assert.Equal(3, table.Columns);
    }

    [Fact]
    public void Quote_ThatIsNeverClosed_IsSaid()
    {
        var table = Read("a,b\n1,\"open\n2,3\n");
        Assert.Contains("A quotation mark in line 2 is never closed: what follows is one value", table.Faults);
        Assert.Equal(2, table.Rows.Count);
    }

    [Fact]
    public void Window_ThatCutsARow_LeavesItToTheNext()
    {
        var text = "a,b\n1,2\n3,\"x\ny";
        var table = TableText.Read(text, ',', null, isFirst: true, isLast: false);
        Assert.Equal(2, table.Rows.Count);
        Assert.Equal("3,\"x\ny".Length, table.Rest);
        Assert.Equal(0, table.FaultCount);

        table = TableText.Read("a,b\n1,2\n1,2", ',', null, isFirst: true, isLast: false);
        Assert.Equal((2, 3), (table.Rows.Count, table.Rest));
        table = TableText.Read("a,b\n1,2\n1,2", ',', null, isFirst: true, isLast: true);
        Assert.Equal((3, 0), (table.Rows.Count, table.Rest));
    }

    [Fact]
    public void Window_InTheMiddle_IsHeldAgainstTheFilesColumns()
    {
        var table = TableText.Read("1,2,3\n1,2\n", ',', 3, isFirst: false, isLast: true);
        Assert.Equal(["Row 2 has 2 values, not 3"], table.Faults);
        Assert.All(table.Rows, r => Assert.Null(r.Line));
    }

    [Theory]
    [InlineData("a.csv", "a,b\n1,2\n", ',')]
    [InlineData("a.csv", "a;b\n1,5;2,5\n2,5;3,5\n", ';')]
    [InlineData("a.csv", "a\tb\n1, or so\t2\n", '\t')]
    [InlineData("a.csv", "a|b\n1|2\n", '|')]
    [InlineData("a.tsv", "a,b\n", '\t')]
    [InlineData("a.csv", "", ',')]
    [InlineData("a.csv", "one\ntwo\n", ',')]
    public void Separator_IsWhatPartsLinesAlike(string name, string text, char separator) => Assert.Equal(separator, TableText.Guess(name, text));

    [Theory]
    [InlineData("")]
    [InlineData("\n\n\n")]
    [InlineData("\"")]
    [InlineData("\0,\u0001\r\r\n,\"\"\"")]
    [InlineData("\"a\"b\"c,d\"\n\"")]
    public void Table_OfWhatIsNone_IsReadAsFarAsItGoes(string text) => _ = Read(text);

    [Fact]
    public void Row_OfThousandsOfValues_IsCut()
    {
        var table = Read(string.Concat(Enumerable.Repeat("<img src=x onerror=alert(1)>,", 20_000)) + "\n");
        Assert.Equal(TableText.MaxColumns, table.Columns);
        Assert.Equal(20_001, Assert.Single(table.Rows).Values);
    }

    private static TableText Read(string text) => TableText.Read(text, ',', null, isFirst: true, isLast: true);
}
