using System.Runtime.InteropServices;

namespace Operone.Agent.Cli.Operator;

/// <summary>Whoever read our output has gone. A program in a pipe ends then, as SIGPIPE would end it.</summary>
internal sealed class BrokenPipeException : IOException
{
    /// <summary>The exit code: 128 and the number of SIGPIPE.</summary>
    public const int ExitCode = 141;

    public BrokenPipeException()
        : base("Nobody reads the output any more.")
    {
    }
}

/// <summary>Standard output and standard error as unbuffered streams of bytes.</summary>
internal static unsafe partial class StandardStreams
{
    private const int DefaultColumns = 80;
    private const nuint TIOCGWINSZ = 0x5413;

    public static Stream OpenOutput() => OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new UnixStream(1);

    public static Stream OpenError() => OperatingSystem.IsWindows() ? Console.OpenStandardError() : new UnixStream(2);

    /// <summary>How wide the terminal is, in columns. .NET's own answer on Linux writes escape codes to it first.</summary>
    public static int TerminalWidth()
    {
        if (!OperatingSystem.IsLinux())
        {
            return Console.WindowWidth is > 0 and var width ? width : DefaultColumns;
        }

        WindowSize size;
        return IoControl(1, TIOCGWINSZ, &size) == 0 && size.Columns > 0 ? size.Columns : DefaultColumns;
    }

    /// <summary>
    /// Whether standard input is a file, a pipe or a socket that somebody else gave us. Where it was closed, the first
    /// file that the runtime opens for itself takes its number: a device, or a pipe that this process also writes to.
    /// </summary>
    public static bool InputHoldsData()
    {
        if (!OperatingSystem.IsLinux() || Target("0") is not { } input)
        {
            return true;
        }

        return !input.StartsWith("/dev/", StringComparison.Ordinal)
            && !input.StartsWith("anon_inode:", StringComparison.Ordinal)
            && !(input.StartsWith("pipe:", StringComparison.Ordinal)
                && Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(f => Path.GetFileName(f)).Any(f => f is not ("0" or "1" or "2") && Target(f) == input && IsWritten(f)));

        static string? Target(string descriptor) => new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;

        // "flags:\t0100001", octal; the last digit's two low bits are the access mode (proc_pid_fdinfo(5), open(2))
        static bool IsWritten(string descriptor) =>
            File.ReadLines($"/proc/self/fdinfo/{descriptor}").FirstOrDefault(l => l.StartsWith("flags:", StringComparison.Ordinal)) is [.., var last] && ((last - '0') & 3) == 1;
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int IoControl(int descriptor, nuint request, WindowSize* size);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}

/// <summary>
/// Writes to a file descriptor. .NET's own console stream keeps quiet when the reader of a pipe has gone, so that
/// <c>operone logs -f RUN | head -1</c> would go on for ever.
/// </summary>
internal sealed unsafe partial class UnixStream(int descriptor) : Stream
{
    // the same on Linux and macOS
    private const int EINTR = 4;
    private const int EPIPE = 32;
    private const short POLLOUT = 4;

    private static readonly int EAGAIN = OperatingSystem.IsMacOS() ? 35 : 11;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            var done = 0;
            while (done < buffer.Length)
            {
                var written = Write(descriptor, start + done, buffer.Length - done);
                if (written >= 0)
                {
                    done += (int)written;
                    continue;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error == EAGAIN)
                {
                    // somebody else has set the shared terminal to non-blocking
                    var wait = new PollDescriptor { Descriptor = descriptor, Events = POLLOUT };
                    _ = Poll(&wait, 1, -1);
                }
                else if (error == EPIPE)
                {
                    throw new BrokenPipeException();
                }
                else if (error != EINTR)
                {
                    throw new IOException($"Writing to file descriptor {descriptor} failed: {Marshal.GetPInvokeErrorMessage(error)}");
                }
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, byte* data, nint count);

    // nfds_t is as wide as a long on Linux and an int on macOS; one fits both in a register
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMilliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
