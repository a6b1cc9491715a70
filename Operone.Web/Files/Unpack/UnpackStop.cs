using Operone.Core.Errors;

namespace Operone.Web.Files.Unpack;

/// <summary>Ends the unpacking of an archive before its end. It is caught once, where what was done is summed up.</summary>
/// <param name="error">Why.</param>
internal sealed class UnpackStop(Error error) : Exception(error.Detail)
{
    public Error Error => error;

    public static UnpackStop Broken(string what) => new(new(ErrorKind.Unprocessable, "archive-broken", "The archive is broken.", what));

    public static UnpackStop TooMuch(string what) => new(new(ErrorKind.Unprocessable, "archive-too-much", "The archive comes to too much.", what));

    public static UnpackStop Unknown() => new(new(ErrorKind.Unprocessable, "archive-unknown", "That is no archive that can be unpacked.",
        "It is neither zip, nor tar, nor tar with gzip or Zstandard: what counts are its first bytes, not its name."));
}

/// <summary>Counts what comes out of an archive, and stops where it is too much.</summary>
internal sealed class UnpackMeter(UnpackOptions options)
{
    private const long AlwaysFine = 16L << 20;

    private long _entries;
    private long _out;

    /// <summary>How many bytes the archive has, as far as it was read.</summary>
    public long In { get; set; }

    /// <summary>So many bytes came out.</summary>
    /// <exception cref="UnpackStop">They are too many.</exception>
    public void Add(long bytes)
    {
        _out += bytes;
        if (_out > options.MaxBytes)
        {
            throw UnpackStop.TooMuch($"More than {options.MaxBytes} bytes came out of it ({UnpackOptions.Section}:MaxBytes).");
        }

        if (_out > AlwaysFine && _out / options.MaxRatio > In)
        {
            throw UnpackStop.TooMuch($"What came out of it is more than {options.MaxRatio} times as large as what went in ({UnpackOptions.Section}:MaxRatio): {_out} bytes of {In}.");
        }
    }

    /// <summary>An entry was come by.</summary>
    /// <exception cref="UnpackStop">There are too many.</exception>
    public void AddEntry()
    {
        if (++_entries > options.MaxEntries)
        {
            throw UnpackStop.TooMuch($"It has more than {options.MaxEntries} entries ({UnpackOptions.Section}:MaxEntries).");
        }
    }
}
