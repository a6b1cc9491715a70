using Operone.Core.Errors;

namespace Operone.Core.Files;

/// <summary>
/// A place in a tree of files: names from its top. It never has <c>..</c>, an empty name, NUL, or a name that is too long, so that
/// whoever has one need not look again. What links make of it is for the backend that opens it.
/// </summary>
public sealed class TreePath : IEquatable<TreePath>
{
    /// <summary>The longest path, in bytes.</summary>
    public const int MaxBytes = 4096;

    /// <summary>The most names.</summary>
    public const int MaxDepth = 256;

    /// <summary>A name in the folder, and the two that say which device or mount.</summary>
    private const int NamesBefore = 3;

    /// <summary>The same in bytes, with some to spare.</summary>
    private const int BytesBefore = 640;

    private readonly string[] _names;

    private TreePath(string[] names) => _names = names;

    /// <summary>The top.</summary>
    public static TreePath Top { get; } = new([]);

    /// <summary>Its names, from the top.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>How many names it has.</summary>
    public int Depth => _names.Length;

    /// <summary>Whether it is the top itself.</summary>
    public bool IsTop => _names.Length == 0;

    /// <summary>The last name; empty at the top.</summary>
    public string Name => IsTop ? "" : _names[^1];

    /// <summary>Where it lies; the top lies in itself.</summary>
    public TreePath Parent => IsTop ? this : new(_names[..^1]);

    /// <summary>A path from the path of an address (RFC 3986), with or without a slash at its ends.</summary>
    public static Result<TreePath> Parse(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var names = new List<string>();
        foreach (var range in address.AsSpan().Trim('/').Split('/'))
        {
            var segment = address.AsSpan().Trim('/')[range];
            if (segment.IsEmpty && names.Count == 0)
            {
                continue;
            }

            if (FileName.FromSegment(segment) is not { } name)
            {
                return Invalid(address, "a percent sign must be followed by two hexadecimal digits");
            }

            if (FileName.Check(name) is { } problem)
            {
                return Invalid(address, $"a name in it {problem}");
            }

            names.Add(name);
        }

        return Make([.. names], address);
    }

    /// <summary>A path from its names.</summary>
    public static Result<TreePath> FromNames(params IEnumerable<string> names)
    {
        string[] all = [.. names];
        foreach (var name in all)
        {
            if (FileName.Check(name) is { } problem)
            {
                return Invalid(FileName.Display(string.Join('/', all)), $"a name in it {problem}");
            }
        }

        return Make(all, FileName.Display(string.Join('/', all)));
    }

    /// <summary>
    /// Whether all that can lie in it has an address, with what a node puts before it. Who has files on a device can make folders that lie deeper: they
    /// are not gone into.
    /// </summary>
    public bool HasRoom => Depth <= MaxDepth - NamesBefore && Length(_names) <= MaxBytes - BytesBefore;

    /// <summary>Something in it.</summary>
    /// <exception cref="ArgumentException">The name is none.</exception>
    public TreePath Child(string name) =>
        FileName.Check(name) is { } problem ? throw new ArgumentException($"The name {problem}.", nameof(name)) : new([.. _names, name]);

    /// <summary>What is left below the first <paramref name="count"/> names.</summary>
    public TreePath Below(int count) => new(_names[count..]);

    /// <summary>The first <paramref name="count"/> names.</summary>
    public TreePath First(int count) => new(_names[..count]);

    /// <summary>Both, one after the other.</summary>
    public TreePath Join(TreePath other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new([.. _names, .. other._names]);
    }

    /// <summary>Whether it is the other one, or lies below it.</summary>
    public bool IsIn(TreePath other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _names.AsSpan().StartsWith(other._names);
    }

    /// <summary>As the path of an address: <c>/etc/na%FFme</c>; <c>/</c> at the top.</summary>
    public string ToAddress() => "/" + string.Join('/', _names.Select(FileName.ToSegment));

    /// <summary>For people: <c>/etc/na�me</c>.</summary>
    public override string ToString() => "/" + FileName.Display(string.Join('/', _names));

    /// <inheritdoc/>
    public bool Equals(TreePath? other) => other is not null && _names.AsSpan().SequenceEqual(other._names);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TreePath);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var name in _names)
        {
            hash.Add(name, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    private static Result<TreePath> Make(string[] names, string shown) =>
        names.Length > MaxDepth ? Invalid(shown, $"it has more than {MaxDepth} names")
        : Length(names) > MaxBytes ? Invalid(shown, $"it is longer than {MaxBytes} bytes")
        : new TreePath(names);

    private static int Length(string[] names) => names.Sum(n => FileName.ToBytes(n).Length + 1);

    private static Error Invalid(string path, string problem) =>
        Error.InvalidField("path", $"'{(path.Length > 200 ? path[..200] + "..." : path)}' is no path: {problem}");
}
