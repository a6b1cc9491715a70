using Microsoft.AspNetCore.Components;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Web.Access;
using Operone.Web.Events;

namespace Operone.Web.Files.Pages;

/// <summary>A place in the tree: a folder's list, or a file's content. How it is sorted, filtered and looked at is in the address.</summary>
public sealed partial class FilesPage
{
    private TreePath _path = TreePath.Top;
    private FileView? _view;
    private int _reads;
    private PaneAddress _panes = new("/", null);
    private TreePath _besidePath = TreePath.Top;
    private FileView? _beside;
    private Error? _besideProblem;
    private TreePath? _inside;
    private int _version;

    [Inject]
    private FileService Files { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>While the page is made before it is live: the request, which has the address as it was sent.</summary>
    [CascadingParameter]
    private HttpContext? Http { get; set; }

    /// <summary>Decoded by the router, and so not to be relied upon: see <see cref="PathText.FromUri"/>.</summary>
    [Parameter]
    public string? Path { get; set; }

    [SupplyParameterFromQuery]
    public string? Sort { get; set; }

    [SupplyParameterFromQuery]
    public string? Q { get; set; }

    /// <summary>Of an archive: the place in it, as an address.</summary>
    [SupplyParameterFromQuery]
    public string? In { get; set; }

    /// <summary>The folder of a second pane beside this one, as an address.</summary>
    [SupplyParameterFromQuery]
    public string? Beside { get; set; }

    [SupplyParameterFromQuery]
    public string? BesideSort { get; set; }

    [SupplyParameterFromQuery]
    public string? BesideQ { get; set; }

    /// <summary>Of a folder: <c>grid</c>, or a list.</summary>
    [SupplyParameterFromQuery]
    public string? As { get; set; }

    /// <summary>Of a folder's list: its columns.</summary>
    [SupplyParameterFromQuery]
    public string? Columns { get; set; }

    /// <summary>Of a file: <c>text</c>, <c>tidy</c>, <c>hex</c>, <c>follow</c> or <c>edit</c>.</summary>
    [SupplyParameterFromQuery]
    public string? View { get; set; }

    /// <summary>Of a file: the byte to begin at, or <c>end</c>.</summary>
    [SupplyParameterFromQuery]
    public string? At { get; set; }

    /// <summary>Of a file: the encoding that was chosen by hand.</summary>
    [SupplyParameterFromQuery]
    public string? Encoding { get; set; }

    /// <summary>Of a file: how many characters from there on were found.</summary>
    [SupplyParameterFromQuery]
    public int? Found { get; set; }

    /// <summary>Given, though it be empty: the search is shown, not the list.</summary>
    [SupplyParameterFromQuery]
    public string? Find { get; set; }

    [SupplyParameterFromQuery]
    public string? Named { get; set; }

    [SupplyParameterFromQuery]
    public string? On { get; set; }

    [SupplyParameterFromQuery]
    public string? How { get; set; }

    /// <summary>Beside a folder alone there is another one.</summary>
    private bool IsTwo => _panes.IsTwo && Find is null && _view?.IsFolder() == true;

    private string Title => _path.IsTop ? "Files" : FileName.Display(_path.Name);

    protected override TimeSpan AtMostEvery => TimeSpan.FromSeconds(2);

    protected override IReadOnlyList<string> Topics() => [LiveChanges.Devices, LiveChanges.FilePolicies, LiveChanges.Mounts];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var number = ++_reads;
        var parsed = Http is null ? PathText.FromUri(Navigation.Uri) : FileAddress.Read(Http, "/files") is { IsError: false } read ? read.Value.Path : PathText.FromUri(Navigation.Uri);
        if (parsed.IsError || !Actor.May(Permissions.FilesRead))
        {
            (Problem, _view) = (parsed.Error ?? AccessErrors.PermissionMissing(Actor.Name, Permissions.FilesRead), null);
            return;
        }

        var inside = In is null ? null : TreePath.Parse(In) as Result<TreePath>?;
        if (inside is { IsError: true } none)
        {
            (Problem, _view) = (none.Error, null);
            return;
        }

        var panes = new PaneAddress(parsed.Value.ToAddress(), Beside) { Sort = Sort, Q = Q, BesideSort = BesideSort, BesideQ = BesideQ, As = As, Columns = Columns };
        var beside = await ReadBesideAsync(cancellationToken);
        var view = await Files.StatAsync(Actor, parsed.Value, cancellationToken);
        if (number != _reads)
        {
            // another place was gone to meanwhile
            return;
        }

        // while a device is away, what is looked at, or typed, stays
        var kept = view.Error is { } error && FileErrors.IsAway(error) && parsed.Value.Equals(_path) ? _view : null;
        (_path, _inside, _panes) = (parsed.Value, inside?.Value, panes);
        (_besidePath, _beside, _besideProblem) = beside;
        (Problem, _view) = view.Match<(Error?, FileView?)>(v => (null, v), e => (e, kept));
    }

    private async Task<(TreePath Path, FileView? View, Error? Problem)> ReadBesideAsync(CancellationToken cancellationToken)
    {
        if (Beside is null)
        {
            return (TreePath.Top, null, null);
        }

        var parsed = TreePath.Parse(Beside);
        var path = parsed.IsError ? TreePath.Top : parsed.Value;
        var view = parsed.IsError ? parsed.Error! : await Files.StatAsync(Actor, path, cancellationToken);
        return (path, view.IsError ? null : view.Value, view.Error
            ?? (view.Value.IsFolder() ? null : FileErrors.From(new(FileProblems.WrongKind, "It is no folder: a pane shows folders."), path.ToString())));
    }

    /// <summary>Devices come and go, and so do rights: the folders of the tree itself show that; others are watched where they are.</summary>
    protected override async Task ChangedAsync(CancellationToken cancellationToken)
    {
        var before = (Problem, _view);
        await ReadAsync(cancellationToken);
        if (Problem is null && before._view is { } view && _view is { } now && view.Path == now.Path)
        {
            // what a file is now, its pane finds out when it is asked to
            _view = view.IsFolder() || view.IsWritable != now.IsWritable ? now : view;
        }

        _version += _path.Depth < 2 ? 1 : 0;
    }

    private Task AgainAsync() => RefreshAsync();
}
