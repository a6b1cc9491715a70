using System.IO.Compression;

namespace Operone.Web.Files.Unpack;

/// <summary>The bytes of an entry of a zip, held against the checksum and the length that it says.</summary>
/// <exception cref="InvalidDataException">They are not those.</exception>
internal sealed class ZipContent(Stream packed, bool isDeflated, uint crc, long length, UnpackMeter meter) : ReadStream
{
    private static readonly uint[] _table = MakeTable();

    private readonly Stream _inner = isDeflated ? new DeflateStream(packed, CompressionMode.Decompress) : packed;
    private uint _crc = uint.MaxValue;
    private long _count;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        var count = await _inner.ReadAsync(buffer, cancellationToken);
        meter.Add(count);
        _count += count;
        if (_count > length)
        {
            throw new InvalidDataException($"More bytes came out than the {length} that it says.");
        }

        if (count == 0)
        {
            return _count == length && ~_crc == crc ? 0
                : throw new InvalidDataException(_count == length ? "Its checksum is wrong." : $"{_count} bytes came out of the {length} that it says.");
        }

        Update(buffer.Span[..count]);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Update(ReadOnlySpan<byte> bytes)
    {
        var (crc, table) = (_crc, _table);
        foreach (var one in bytes)
        {
            crc = table[(byte)(crc ^ one)] ^ (crc >> 8);
        }

        _crc = crc;
    }

    /// <summary>CRC-32 as ISO 3309 has it.</summary>
    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
