using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Files;
using Operone.Web.Files.Pages;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

public sealed class FolderRowsTests
{
    private readonly List<FileListOptions> _asked = [];
    private List<string> _names = [.. Enumerable.Range(0, 100_000).Select(i => $"n{i:d6}")];
    private int _folders;
    private Error? _error;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_JumpedTo_AreReadWithoutThoseBefore()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync("name", null, keep: false, Cancelled);
        Assert.Equal(100_000, rows.Count);
        Assert.Equal("n000100", (await rows.GetAsync(100, 50, Cancelled))[0].View.Name);
        Assert.Single(_asked);
        var last = await rows.GetAsync(99_950, 100, Cancelled);
        Assert.Equal((50, 99_999, "n099999"), (last.Count, last[^1].Index, last[^1].View.Name));
        Assert.Equal((99_800, FolderRows.PageSize), (_asked[1].Skip, _asked[1].Limit));
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task Rows_ScrolledThroughWhole_TakeNoMoreThanSomePages()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync(null, null, keep: false, Cancelled);
        for (var at = 0; at < 100_000; at += 60)
        {
            Assert.Equal($"n{at:d6}", (await rows.GetAsync(at, 60, Cancelled))[0].View.Name);
        }

        Assert.Equal(500, _asked.Count);
        Assert.Equal(FolderRows.MaxPages * FolderRows.PageSize, rows.Kept.Count());
    }

    [Fact]
    public async Task Rows_ReadAgain_BeginWhereOneWas()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync(null, "", keep: false, Cancelled);
        await rows.GetAsync(600, 50, Cancelled);
        _names.Insert(0, "a new one");
        await rows.ReadAsync(null, "", keep: true, Cancelled);
        Assert.Equal((100_001, 600), (rows.Count, _asked[^1].Skip));
        Assert.Equal("a new one", (await rows.GetAsync(0, 1, Cancelled))[0].View.Name);
    }

    [Fact]
    public async Task Rows_ThatWentMeanwhile_EndTheList()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync(null, null, keep: false, Cancelled);
        _names = _names[..250];
        Assert.Empty(await rows.GetAsync(90_000, 60, Cancelled));
        Assert.Equal(250, rows.Count);
        await rows.GetAsync(200, 50, Cancelled);
        _names = _names[..10];
        await rows.ReadAsync(null, null, keep: true, Cancelled);
        Assert.Equal(10, (await rows.GetAsync(0, 60, Cancelled)).Count);
    }

    [Fact]
    public async Task Rows_OfAFolderThatChangesBetweenPages_HaveKeysOfTheirOwn()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync(null, null, keep: false, Cancelled);
        // one comes and one goes: the count is the same, and a page has again what the one before had
        _names.Insert(0, "a");
        _names.RemoveAt(_names.Count - 1);
        var read = await rows.GetAsync(150, 100, Cancelled);
        Assert.Equal(100, read.Select(r => r.Key).Distinct().Count());
        Assert.Equal(99, read.Select(r => r.View.Path).Distinct().Count());
    }

    [Fact]
    public async Task Rows_OfADeviceThatIsGone_StayWithTheProblem()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync(null, null, keep: false, Cancelled);
        _error = FileErrors.Lost("web-1");
        Assert.Empty(await rows.GetAsync(500, 10, Cancelled));
        await rows.ReadAsync(null, null, keep: true, Cancelled);
        Assert.Equal(_error, rows.Problem);
        Assert.Equal(FolderRows.PageSize, rows.Kept.Count());
    }

    [Fact]
    public async Task Name_ThatIsTyped_IsFoundInFewReads()
    {
        _names = [.. Enumerable.Range(0, 500).Select(i => $"dir{i:d3}"), .. _names];
        _folders = 500;
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync(null, null, keep: false, Cancelled);
        Assert.Equal(500 + 77_700, await rows.FindNameAsync("N0777", Cancelled));
        Assert.Equal(420, await rows.FindNameAsync("dir42", Cancelled));
        Assert.Null(await rows.FindNameAsync("x", Cancelled));
        Assert.InRange(_asked.Count, 1, 60);
    }

    [Fact]
    public void Choice_OfAllButOne_IsCounted()
    {
        var chosen = new ChosenFiles();
        chosen.Set(View("a"), true);
        Assert.Equal((1, true, false), (chosen.CountOf(9), chosen.Has(View("a")), chosen.Has(View("b"))));
        chosen.All();
        chosen.Set(View("b"), false);
        Assert.Equal((99_999, true, false), (chosen.CountOf(100_000), chosen.Has(View("a")), chosen.Has(View("b"))));
        chosen.Clear();
        Assert.Equal(0, chosen.CountOf(100_000));
    }

    private FileView View(string name, int index = int.MaxValue) =>
        new($"/devices/d/{name}", name, index < _folders ? FileKind.Folder : FileKind.File, 1, null, null, null, null, null, null, null, null, null, true);

    private async Task<Result<long>> ListAsync(FileListOptions options, Func<IReadOnlyList<FileView>, ValueTask> take, CancellationToken cancellationToken)
    {
        _asked.Add(options);
        if (_error is { } error)
        {
            return error;
        }

        foreach (var batch in _names.Select(View).Skip(options.Skip ?? 0).Take(options.Limit!.Value).Chunk(100))
        {
            await take(batch);
        }

        return _names.Count;
    }
}
