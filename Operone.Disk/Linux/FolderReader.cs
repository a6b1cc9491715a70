using System.Buffers.Binary;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>Reads the names in a folder, many with each call (getdents64(2)).</summary>
[SupportedOSPlatform("linux")]
internal sealed class FolderReader(SafeFileHandle folder, TreePath path, int bufferBytes)
{
    private const int HeadBytes = 19;

    private readonly byte[] _buffer = new byte[bufferBytes];
    private int _at;
    private int _end;
    private int _name;
    private int _length;

    /// <summary>The name, with its NUL.</summary>
    public ReadOnlySpan<byte> NameWithEnd => _buffer.AsSpan(_name, _length + 1);

    /// <summary>The name.</summary>
    public ReadOnlySpan<byte> Name => _buffer.AsSpan(_name, _length);

    /// <summary>What it is.</summary>
    public FileKind Kind => FileStat.KindOf(_buffer[_name - 1])
        ?? (FileCalls.StatName(folder, NameWithEnd, out var stat) ? stat.Kind : FileKind.Other);

    /// <summary>Goes to the next name.</summary>
    public bool Next()
    {
        while (true)
        {
            if (_at == _end)
            {
                _at = 0;
                _end = FileCalls.ReadEntries(folder, _buffer);
                if (_end <= 0)
                {
                    return _end == 0 ? false : throw LinuxFaults.Last(path, "read");
                }
            }

            var entry = _buffer.AsSpan(_at);
            _name = _at + HeadBytes;
            _length = entry[HeadBytes..].IndexOf((byte)0);
            _at += BinaryPrimitives.ReadUInt16LittleEndian(entry[16..]);
            if (!Name.SequenceEqual("."u8) && !Name.SequenceEqual(".."u8) && _length is > 0 and <= FileName.MaxBytes)
            {
                return true;
            }
        }
    }
}

/// <summary>Which names of a folder are not shown: unfinished uploads, what is hidden, and the agent's own.</summary>
[SupportedOSPlatform("linux")]
internal readonly struct NameFilter
{
    private readonly LinuxResolver _resolver;
    private readonly FilePlace _place;
    private readonly TreePath _real;
    private readonly TreePath _root;
    private readonly bool _looks;

    /// <summary>Of a folder, by the path it was asked for, and by those that it and the root really have.</summary>
    public NameFilter(LinuxResolver resolver, FilePlace place, TreePath real, TreePath root)
    {
        (_resolver, _place, _real, _root) = (resolver, place, real, root);
        _looks = place.Bounds.HidesAny || resolver.Own.IsIn(real);
    }

    /// <summary>Whether a name is not shown.</summary>
    public bool Hides(ReadOnlySpan<byte> name) =>
        (name.StartsWith(".operone-"u8) && name.EndsWith(".part"u8)) || (_looks && HidesPath(FileName.FromBytes(name)));

    /// <summary>Whether a name is hidden, unfinished upload or not.</summary>
    public bool HidesPath(string name) =>
        _looks && (_resolver.IsHidden(_place.Bounds, _real.Child(name), _root) || _place.Bounds.Hides(_place.Path.Child(name)));
}
