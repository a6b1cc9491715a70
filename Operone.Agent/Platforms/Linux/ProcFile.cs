using System.Buffers.Text;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Operone.Agent.Platforms.Linux;

/// <summary>A file of <c>/proc</c> that is kept open and read again from its beginning, which gives its present content.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ProcFile(string path) : IDisposable
{
    private SafeFileHandle? _file;

    /// <summary>Reads it; empty where there is no such file. The result is good until the buffer is used again.</summary>
    public ReadOnlySpan<byte> Read(byte[] buffer)
    {
        try
        {
            _file ??= File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var length = 0;
            while (length < buffer.Length && RandomAccess.Read(_file, buffer.AsSpan(length), length) is > 0 and var count)
            {
                length += count;
            }

            return buffer.AsSpan(0, length);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    /// <summary>The next number in a text, and what comes after it. 0 where there is none.</summary>
    public static long NextNumber(ref ReadOnlySpan<byte> text)
    {
        var start = text.IndexOfAnyInRange((byte)'0', (byte)'9');
        if (start < 0 || !Utf8Parser.TryParse(text[start..], out long number, out var used))
        {
            text = default;
            return 0;
        }

        text = text[(start + used)..];
        return number;
    }

    /// <summary>The first number behind a name, for example in <c>MemTotal:  1234 kB</c>. 0 where there is none.</summary>
    public static long NumberOf(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        var at = text.IndexOf(name);
        if (at < 0)
        {
            return 0;
        }

        var rest = text[(at + name.Length)..];
        return NextNumber(ref rest);
    }
}
