using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace Operone.Tests.Web.Files;

/// <summary>Makes archives, hostile ones too.</summary>
internal static class Archives
{
    /// <summary>A zip: names with their content, as Unix programs make them.</summary>
    public static byte[] Zip(params (string Name, string Content, int Mode)[] entries) => Zip(zip =>
    {
        foreach (var (name, content, mode) in entries)
        {
            var entry = zip.CreateEntry(name);
            entry.ExternalAttributes = mode << 16;
            entry.LastWriteTime = new DateTimeOffset(2020, 2, 2, 2, 2, 2, TimeSpan.Zero);
            using var to = entry.Open();
            to.Write(Encoding.UTF8.GetBytes(content));
        }
    });

    public static byte[] Zip(Action<ZipArchive> fill)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            fill(zip);
        }

        var bytes = stream.ToArray();
        for (var at = 0; (at = bytes.AsSpan(at).IndexOf("PK\x01\x02"u8) is var found and >= 0 ? at + found : -1) >= 0; at++)
        {
            bytes[at + 5] = 3; // made by Unix, whatever made it
        }

        return bytes;
    }

    public static byte[] Tar(params TarEntry[] entries)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                tar.WriteEntry(entry);
            }
        }

        return stream.ToArray();
    }

    public static PaxTarEntry TarFile(string name, string content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite) => new(TarEntryType.RegularFile, name)
    {
        DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
        Mode = mode,
        ModificationTime = new DateTimeOffset(2020, 2, 2, 2, 2, 2, TimeSpan.Zero),
    };

    public static byte[] GZip(byte[] bytes, CompressionLevel level = CompressionLevel.Fastest)
    {
        using var stream = new MemoryStream();
        using (var to = new GZipStream(stream, level, leaveOpen: true))
        {
            to.Write(bytes);
        }

        return stream.ToArray();
    }

    public static byte[] Zstd(byte[] bytes)
    {
        using var compressor = new Compressor();
        return compressor.Wrap(bytes).ToArray();
    }
}
