using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Web.Files.Pages.Search;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

public sealed class SearchResultsTests
{
    [Fact]
    public void Rows_OfManyPlaces_AreByPlace_InTheOrderTheyCame()
    {
        var results = new SearchResults();
        Assert.False(results.TakeChange());
        results.Take(new("/devices/a", Match: Match("/devices/a/1")));
        results.Take(new("/devices/b", Progress: new() { Files = 3 }));
        results.Take(new("/devices/a", Match: Match("/devices/a/2")));
        results.Take(new("/devices/b", Match: Match("/devices/b/1")));
        results.Take(new("/devices/c", Error: new("device-offline", "It is away.")));
        results.Take(new("/devices/a", End: new() { Matches = 2 }));

        Assert.True(results.TakeChange());
        Assert.False(results.TakeChange());
        Assert.Equal((6, 3L), (results.Rows, results.Matches));
        Assert.Equal(["/devices/a", "/devices/a/1", "/devices/a/2", "/devices/b", "/devices/b/1", "/devices/c"], Paths(results.Get(0, 10)));
        Assert.Equal(["/devices/a/2", "/devices/b"], Paths(results.Get(2, 2)));
        Assert.Equal(["/devices/c"], Paths(results.Get(5, 10)));
        Assert.Empty(results.Get(6, 10));
        Assert.Equal([true, false, true], results.Places.Select(p => p.IsOver));
    }

    private static IEnumerable<string> Paths(IEnumerable<SearchRow> rows) => rows.Select(r => r.Match?.Path ?? r.Place.Address);

    private static FileMatch Match(string path) => new(path, FileKind.File);
}
