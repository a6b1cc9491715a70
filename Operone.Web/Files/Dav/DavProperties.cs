using System.Globalization;
using System.Xml.Linq;
using Operone.Core.Files;

namespace Operone.Web.Files.Dav;

/// <summary>Something on the drive, with what its properties need.</summary>
/// <param name="Path">Where.</param>
/// <param name="View">What it is.</param>
/// <param name="Locks">The locks that it lies under.</param>
/// <param name="Now">The time.</param>
internal sealed record DavItem(TreePath Path, FileView View, IReadOnlyList<DavLock> Locks, DateTimeOffset Now)
{
    public bool IsFolder => View.Kind == FileKind.Folder;
}

/// <summary>The properties that follow from what something is (RFC 4918, section 15): live ones.</summary>
internal static class DavProperties
{
    /// <summary>What Windows sets, and reads nowhere else: it is taken, and only the time of change is kept.</summary>
    public static readonly XName WindowsModified = DavXml.Windows + "Win32LastModifiedTime";

    /// <summary>Whether a file can be run.</summary>
    public static readonly XName Executable = DavXml.Apache + "executable";

    private const int OwnerRuns = 0x40;
    private const int AllRun = 0x49;

    private static readonly HashSet<XName> _ignored =
        [DavXml.Windows + "Win32CreationTime", DavXml.Windows + "Win32LastAccessTime", DavXml.Windows + "Win32FileAttributes"];

    private static readonly Dictionary<XName, Func<DavItem, HttpRequest, object?>> _live = new()
    {
        [DavXml.Dav + "resourcetype"] = (item, _) => item.IsFolder ? new XElement(DavXml.Dav + "collection") : "",
        [DavXml.Dav + "displayname"] = (item, _) => item.Path.IsTop ? "Operone" : DavXml.Clean(item.View.Name),
        [DavXml.Dav + "getcontentlength"] = (item, _) => item.IsFolder ? null : item.View.Size,
        [DavXml.Dav + "getcontenttype"] = (item, _) => item.IsFolder ? null : FileDownload.TypeOf(item.View.Name),
        [DavXml.Dav + "getetag"] = (item, _) => item.IsFolder || item.View.Tag is null ? null : $"\"{item.View.Tag}\"",
        [DavXml.Dav + "getlastmodified"] = (item, _) => item.View.ModifiedAt?.ToString("r", CultureInfo.InvariantCulture),
        [DavXml.Dav + "creationdate"] = (item, _) => item.View.CreatedAt?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        [DavXml.Dav + "supportedlock"] = (item, _) => item.View.IsWritable ? new[] { LockEntry("exclusive"), LockEntry("shared") } : "",
        [DavXml.Dav + "lockdiscovery"] = (item, request) => item.Locks.Count == 0 ? "" : item.Locks.Select(l => ActiveLock(l, item.Now, request)),
        [WindowsModified] = (item, _) => item.View.ModifiedAt?.ToString("r", CultureInfo.InvariantCulture),
        [Executable] = (item, _) => item.IsFolder || FileService.ParseMode(item.View.Mode ?? "") is not { } mode ? null : (mode & OwnerRuns) != 0 ? "T" : "F",
    };

    /// <summary>What an <c>allprop</c> gives: those of RFC 4918.</summary>
    public static IEnumerable<XName> OfAll => _live.Keys.Where(n => n.Namespace == DavXml.Dav);

    /// <summary>Whether a name is one of a live property.</summary>
    public static bool IsLive(XName name) => _live.ContainsKey(name);

    /// <summary>Whether it is taken, and not kept.</summary>
    public static bool IsIgnored(XName name) => _ignored.Contains(name);

    /// <summary>A live property; null where the thing has none of that name.</summary>
    public static XElement? Of(DavItem item, XName name, HttpRequest request) =>
        _live.TryGetValue(name, out var of) && of(item, request) is { } value ? new XElement(name, value) : null;

    /// <summary>The permission bits of a file that can be run, or not.</summary>
    public static int ModeFor(int mode, bool isExecutable) => isExecutable ? mode | (AllRun & ((mode >> 2) | OwnerRuns)) : mode & ~AllRun;

    /// <summary>A lock as it is shown.</summary>
    public static XElement ActiveLock(DavLock held, DateTimeOffset now, HttpRequest request) => new(
        DavXml.Dav + "activelock",
        new XElement(DavXml.Dav + "locktype", new XElement(DavXml.Dav + "write")),
        new XElement(DavXml.Dav + "lockscope", new XElement(DavXml.Dav + (held.IsExclusive ? "exclusive" : "shared"))),
        new XElement(DavXml.Dav + "depth", held.IsDeep ? "infinity" : "0"),
        held.Owner is { } owner ? DavXml.FromText(System.Text.Encoding.UTF8.GetBytes(owner)) : null,
        new XElement(DavXml.Dav + "timeout", string.Create(CultureInfo.InvariantCulture, $"Second-{Math.Max(0, (long)Math.Ceiling((held.ExpiresAt - now).TotalSeconds))}")),
        new XElement(DavXml.Dav + "locktoken", new XElement(DavXml.Dav + "href", held.Token)),
        new XElement(DavXml.Dav + "lockroot", new XElement(DavXml.Dav + "href", DavAnswers.HrefOf(request, held.Path, isFolder: false))));

    private static XElement LockEntry(string scope) => new(
        DavXml.Dav + "lockentry",
        new XElement(DavXml.Dav + "lockscope", new XElement(DavXml.Dav + scope)),
        new XElement(DavXml.Dav + "locktype", new XElement(DavXml.Dav + "write")));
}
