using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Files;
using Operone.Web.Files.Pages;
using Xunit;

namespace Operone.Tests.Web.Files.Pages;

public sealed class FolderRowsTests
{
    private readonly List<FileListOptions> _asked = [];
    private List<string> _names = [.. Enumerable.Range(0, 1000).Select(i => $"n{i:d4}")];
    private Error? _error;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_ScrolledThrough_AreReadAsFarAsNeeded()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync("name", null, keep: false, Cancelled);
        Assert.Equal((1000, FolderRows.PageSize), (rows.Count, rows.Rows.Count));
        Assert.Equal("n0100", (await rows.GetAsync(100, 50, Cancelled))[0].Name);
        Assert.Single(_asked);
        Assert.Equal("n0900", (await rows.GetAsync(900, 50, Cancelled))[0].Name);
        Assert.Equal(2, _asked.Count);
        Assert.Equal(("n0199", 750), (_asked[1].After, _asked[1].Limit));
        Assert.Equal(1000, (await rows.GetAsync(0, int.MaxValue, Cancelled)).Count);
    }

    [Fact]
    public async Task Rows_ReadAgain_ReachAsFarAsBefore()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync(null, "", keep: false, Cancelled);
        await rows.GetAsync(0, 600, Cancelled);
        _names.Insert(0, "a new one");
        await rows.ReadAsync(null, "", keep: true, Cancelled);
        Assert.Equal((1001, 600, "a new one"), (rows.Count, rows.Rows.Count, rows.Rows[0].Name));
    }

    [Fact]
    public async Task Rows_ThatWentMeanwhile_EndTheList()
    {
        using var rows = new FolderRows(ListAsync);
        await rows.ReadAsync(null, null, keep: false, Cancelled);
        _names = _names[..250];
        Assert.Equal(250, (await rows.GetAsync(0, 1000, Cancelled)).Count);
        Assert.Equal(250, rows.Count);
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
        Assert.Equal(FolderRows.PageSize, rows.Rows.Count);
    }

    private async Task<Result<long>> ListAsync(FileListOptions options, Func<IReadOnlyList<FileView>, ValueTask> take, CancellationToken cancellationToken)
    {
        _asked.Add(options);
        if (_error is { } error)
        {
            return error;
        }

        var from = options.After is { } after ? _names.IndexOf(after) + 1 : 0;
        foreach (var batch in _names.Skip(from).Take(options.Limit!.Value).Chunk(100))
        {
            await take([.. batch.Select(n => new FileView($"/devices/d/{n}", n, FileKind.File, 1, null, null, null, null, null, null, null, null, null, true))]);
        }

        return _names.Count;
    }
}
