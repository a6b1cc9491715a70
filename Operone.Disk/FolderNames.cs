using System.Text;
using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>The names in a folder, in one block of memory: a folder of 100,000 makes no garbage of 100,000 strings.</summary>
internal sealed class FolderNames
{
    private char[] _text = new char[4096];
    private int _used;
    private Slot[] _items = new Slot[128];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>They, in the order in which they stand.</summary>
    public Span<Slot> Slots => _items.AsSpan(0, Count);

    /// <summary>A name.</summary>
    public ReadOnlySpan<char> this[in Slot item] => _text.AsSpan(item.At, item.Length);

    /// <summary>Adds a name by its bytes.</summary>
    public void Add(ReadOnlySpan<byte> name, FileKind kind)
    {
        Grow(name.Length);
        int length;
        if (System.Text.Unicode.Utf8.IsValid(name))
        {
            length = Encoding.UTF8.GetChars(name, _text.AsSpan(_used));
        }
        else
        {
            var text = FileName.FromBytes(name);
            text.CopyTo(_text.AsSpan(_used));
            length = text.Length;
        }

        Push(length, kind);
    }

    /// <summary>Adds a name.</summary>
    public void Add(ReadOnlySpan<char> name, FileKind kind)
    {
        Grow(name.Length);
        name.CopyTo(_text.AsSpan(_used));
        Push(name.Length, kind);
    }

    private void Push(int length, FileKind kind)
    {
        if (Count == FileLimits.MaxFolderEntries)
        {
            throw FileFault.Unsupported($"The folder has more than {FileLimits.MaxFolderEntries} entries, which is more than are sorted.");
        }

        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }

        _items[Count++] = new Slot { At = _used, Length = (ushort)length, Kind = kind };
        _used += length;
    }

    private void Grow(int by)
    {
        if (_used + by > _text.Length)
        {
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _used + by));
        }
    }

    /// <summary>A name, by where it stands, and what it is sorted by.</summary>
    internal struct Slot
    {
        /// <summary>What comes first of what it is sorted by, so that most are told apart by a number.</summary>
        public ulong Key;
        public int At;
        public ushort Length;
        public FileKind Kind;
    }
}
