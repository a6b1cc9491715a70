using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace Operone.Agent.Platforms.Windows;

/// <summary>
/// The console at standard input and output, on Windows 10 and later: escape sequences both ways. It tells of no resize, so it is
/// looked at twice a second. Not run by our tests.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe partial class WindowsTerminal : ILocalTerminal
{
    private const int InputHandle = -10, OutputHandle = -11;
    private const uint Processed = 0x1, Line = 0x2, Echo = 0x4, VirtualInput = 0x200;
    private const uint ProcessedOutput = 0x1, VirtualOutput = 0x4, NoReturn = 0x8;
    private const uint Utf8 = 65001;

    private readonly nint _input = GetHandle(InputHandle), _output = GetHandle(OutputHandle);
    private readonly Encoder _encoder = Encoding.UTF8.GetEncoder();
    private readonly char[] _characters = new char[4096];
    private readonly byte[] _encoded = new byte[3 * 4096];
    private readonly Stream _pipe = Console.OpenStandardInput();
    private int _from, _to;

    /// <inheritdoc/>
    public bool InputIsTerminal => GetMode(_input, out _);

    /// <inheritdoc/>
    public (int Columns, int Rows)? Size
    {
        get
        {
            ScreenInfo info;
            return GetScreenInfo(_output, &info) ? (info.Right - info.Left + 1, info.Bottom - info.Top + 1) : null;
        }
    }

    /// <inheritdoc/>
    public int Read(Span<byte> buffer)
    {
        if (!InputIsTerminal)
        {
            return _pipe.Read(buffer);
        }

        while (_from == _to)
        {
            // by ReadConsoleW: what ReadFile gives in UTF-8 lacks all that is not ASCII, on many versions
            uint count;
            fixed (char* characters = _characters)
            {
                if (!ReadConsole(_input, characters, (uint)_characters.Length, &count, 0) || count == 0)
                {
                    return 0;
                }
            }

            (_from, _to) = (0, _encoder.GetBytes(_characters.AsSpan(0, (int)count), _encoded, flush: false));
        }

        var taken = Math.Min(buffer.Length, _to - _from);
        _encoded.AsSpan(_from, taken).CopyTo(buffer);
        _from += taken;
        return taken;
    }

    /// <inheritdoc/>
    public IDisposable BecomeRaw(TerminalSignals signals) => new Session(this, signals);

    /// <inheritdoc/>
    public void Suspend()
    {
        // Windows has no such thing
    }

    private sealed class Session : IDisposable
    {
        private readonly WindowsTerminal _terminal;
        private readonly PosixSignalRegistration[] _registrations;
        private readonly Timer _looking;
        private readonly uint? _inputMode, _outputMode;
        private readonly uint _codePage = GetOutputCodePage();
        private (int, int)? _size;

        public Session(WindowsTerminal terminal, TerminalSignals signals)
        {
            _terminal = terminal;
            _inputMode = GetMode(terminal._input, out var input) ? input : null;
            _outputMode = GetMode(terminal._output, out var output) ? output : null;
            _registrations =
            [
                .. new[] { (PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15), (PosixSignal.SIGHUP, 1) }.Select(s => PosixSignalRegistration.Create(s.Item1, context =>
                {
                    context.Cancel = true;
                    Restore();
                    signals.OnEnd(128 + s.Item2);
                })),
            ];
            AppDomain.CurrentDomain.ProcessExit += OnExit;
            if (_inputMode is { } cooked)
            {
                SetMode(terminal._input, (cooked & ~(Processed | Line | Echo)) | VirtualInput);
            }

            if (_outputMode is { } plain)
            {
                SetOutputCodePage(Utf8);
                SetMode(terminal._output, plain | ProcessedOutput | VirtualOutput | NoReturn);
            }

            _size = terminal.Size;
            _looking = new Timer(_ => Look(signals), null, 500, 500);
        }

        public void Dispose()
        {
            _looking.Dispose();
            Restore();
            AppDomain.CurrentDomain.ProcessExit -= OnExit;
            Array.ForEach(_registrations, r => r.Dispose());
        }

        private void Look(TerminalSignals signals)
        {
            var size = _terminal.Size;
            if (size != _size)
            {
                _size = size;
                signals.OnResize();
            }
        }

        private void Restore()
        {
            if (_inputMode is { } input)
            {
                SetMode(_terminal._input, input);
            }

            if (_outputMode is { } output)
            {
                SetMode(_terminal._output, output);
                SetOutputCodePage(_codePage);
            }
        }

        private void OnExit(object? sender, EventArgs e) => Restore();
    }

    [LibraryImport("kernel32", EntryPoint = "GetStdHandle")]
    private static partial nint GetHandle(int which);

    [LibraryImport("kernel32", EntryPoint = "GetConsoleMode")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetMode(nint handle, out uint mode);

    [LibraryImport("kernel32", EntryPoint = "SetConsoleMode")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetMode(nint handle, uint mode);

    [LibraryImport("kernel32", EntryPoint = "GetConsoleOutputCP")]
    private static partial uint GetOutputCodePage();

    [LibraryImport("kernel32", EntryPoint = "SetConsoleOutputCP")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetOutputCodePage(uint codePage);

    [LibraryImport("kernel32", EntryPoint = "ReadConsoleW")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ReadConsole(nint handle, char* characters, uint length, uint* count, nint control);

    [LibraryImport("kernel32", EntryPoint = "GetConsoleScreenBufferInfo")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetScreenInfo(nint handle, ScreenInfo* info);

    // CONSOLE_SCREEN_BUFFER_INFO
    [StructLayout(LayoutKind.Sequential)]
    private struct ScreenInfo
    {
        public short Columns, Rows, CursorX, CursorY;
        public ushort Attributes;
        public short Left, Top, Right, Bottom, MaxColumns, MaxRows;
    }
}
