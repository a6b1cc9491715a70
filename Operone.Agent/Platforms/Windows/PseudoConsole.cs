using System.ComponentModel;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Operone.Agent.Platforms.Windows;

/// <summary>
/// A pseudo-console (ConPTY, from Windows 10 1809 on), from the side that holds it: what programs on it draw is read here as
/// escape sequences in UTF-8, what is written here is typed. No library of our own: the calls are kernel32's.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe partial class PseudoConsole : IDisposable
{
    /// <summary>PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE: number 22, an input to the process.</summary>
    internal const nuint PseudoConsoleAttribute = 0x20016;

    private const uint ExtendedStartup = 0x80000, UnicodeEnvironment = 0x400, Suspended = 0x4;
    private const int UseStandardHandles = 0x100;

    private readonly PipeEnd _end;
    private NamedPipeClientStream? _theirInput;
    private NamedPipeClientStream? _theirOutput;
    private nint _console;

    private PseudoConsole(NamedPipeServerStream input, NamedPipeServerStream output, Action wake) => _end = new PipeEnd(output, input, wake);

    /// <summary>Its screen and keys. What is read ends when it is closed and all of it was read.</summary>
    public ILocalEnd End => _end;

    /// <summary>Opens one. This process lets go of the console that it has itself.</summary>
    /// <param name="columns">Its width.</param>
    /// <param name="rows">Its height.</param>
    /// <param name="wake">Called whenever something was drawn, or typed keys were taken.</param>
    /// <exception cref="Win32Exception">The system has none.</exception>
    /// <exception cref="IOException">The system has no pipe left.</exception>
    public static PseudoConsole Open(int columns, int rows, Action wake)
    {
        var name = $"operone-console-{Guid.NewGuid():N}";
        var (ourInput, theirInput) = Pipe(name + "-in", PipeDirection.Out);
        var (ourOutput, theirOutput) = Pipe(name + "-out", PipeDirection.In);
        var console = new PseudoConsole(ourInput, ourOutput, wake) { _theirInput = theirInput, _theirOutput = theirOutput };
        try
        {
            FreeConsole(); // that of this process, which nobody sees, costs a process of its own
            Check(Create(Size(columns, rows), theirInput.SafePipeHandle, theirOutput.SafePipeHandle, 0, out console._console), "CreatePseudoConsole");
            return console;
        }
        catch
        {
            console.Dispose();
            throw;
        }
    }

    /// <summary>Gives it another size; the programs on it are told, and what they show is drawn again.</summary>
    public void Resize(int columns, int rows)
    {
        if (_console != 0)
        {
            _ = Resize(_console, Size(columns, rows));
        }
    }

    /// <summary>Starts a program on it, in a job.</summary>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public ConsoleProcess Start(string program, string commandLine, string environment, string directory, WindowsJob job)
    {
        nuint bytes = 0;
        InitializeAttributes(0, 1, 0, ref bytes);
        var list = NativeMemory.AllocZeroed(bytes);
        try
        {
            SetControlHandler(0, false); // whoever has started this process may have had it ignore Ctrl+C, and that is inherited
            CheckLast(InitializeAttributes((nint)list, 1, 0, ref bytes), "InitializeProcThreadAttributeList");
            CheckLast(UpdateAttribute((nint)list, 0, PseudoConsoleAttribute, _console, (nuint)nint.Size, 0, 0), "UpdateProcThreadAttribute");
            // with standard handles that are none: else a program would print to where this process does, where that is a file or a pipe
            var startup = new StartupInfo { Bytes = sizeof(StartupInfo), Attributes = (nint)list, Flags = UseStandardHandles };
            // CreateProcessW may write into the command line
            var line = (commandLine + '\0').ToCharArray();
            ProcessInformation started;
            fixed (char* writable = line, block = environment)
            {
                CheckLast(
                    CreateProcess(program, writable, 0, 0, false, ExtendedStartup | UnicodeEnvironment | Suspended, block, directory, &startup, &started), "CreateProcess");
            }

            DeleteAttributes((nint)list);
            var process = new SafeProcessHandle(started.Process, ownsHandle: true);
            job.Add(process); // before it has run, so that all that it starts is in there
            _ = ResumeThread(started.Thread);
            CloseHandle(started.Thread);
            LetGoOfTheirs();
            return new ConsoleProcess(process, started.ProcessId);
        }
        finally
        {
            NativeMemory.Free(list);
        }
    }

    /// <summary>
    /// Closes it: whoever is on it is told that it goes away, as when a window is closed, and ended some seconds later. Windows
    /// before 11 24H2 waits in here until what was drawn last is read: so it must be, by another thread.
    /// </summary>
    public void Close()
    {
        var console = Interlocked.Exchange(ref _console, 0);
        if (console != 0)
        {
            Close(console);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        LetGoOfTheirs();
        _end.Dispose(); // first: then nothing that is still to be drawn is waited for
        Close();
    }

    private void LetGoOfTheirs()
    {
        // the console has handles of its own; as long as we have these too, the end of what it draws is never seen
        _theirInput?.Dispose();
        _theirOutput?.Dispose();
        (_theirInput, _theirOutput) = (null, null);
    }

    private static (NamedPipeServerStream Ours, NamedPipeClientStream Theirs) Pipe(string name, PipeDirection ours)
    {
        // of a pipe without a name no end can be read without a thread of its own
        var server = new NamedPipeServerStream(
            name, ours, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly | PipeOptions.FirstPipeInstance, PipeDoor.BufferBytes, PipeDoor.BufferBytes);
        var client = new NamedPipeClientStream(".", name, ours == PipeDirection.Out ? PipeDirection.In : PipeDirection.Out, PipeOptions.None);
        try
        {
            client.Connect(0);
            server.WaitForConnection();
            return (server, client);
        }
        catch (Exception problem) when (problem is TimeoutException or IOException)
        {
            client.Dispose();
            server.Dispose();
            throw new IOException($"The pipe to a console cannot be made: {problem.Message}", problem);
        }
    }

    /// <summary>COORD: two numbers of 16 bits, the width in the lower one.</summary>
    internal static uint Size(int columns, int rows) => (ushort)columns | ((uint)(ushort)rows << 16);

    private static void Check(int result, string what)
    {
        if (result < 0)
        {
            throw new Win32Exception(result, $"{what}: {Marshal.GetExceptionForHR(result)?.Message ?? $"error {result:X8}"}");
        }
    }

    private static void CheckLast(bool done, string what)
    {
        if (!done)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new Win32Exception(error, $"{new Win32Exception(error).Message} ({what})");
        }
    }

    /// <summary>STARTUPINFOEXW.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct StartupInfo
    {
        public int Bytes;
        public nint Reserved, Desktop, Title;
        public int X, Y, Width, Height, WidthCharacters, HeightCharacters, Fill, Flags;
        public short Show, ReservedBytes;
        public nint ReservedData, StandardInput, StandardOutput, StandardError, Attributes;
    }

    /// <summary>PROCESS_INFORMATION.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ProcessInformation
    {
        public nint Process, Thread;
        public int ProcessId, ThreadId;
    }

    [LibraryImport("kernel32", EntryPoint = "CreatePseudoConsole")]
    private static partial int Create(uint size, SafePipeHandle input, SafePipeHandle output, uint flags, out nint console);

    [LibraryImport("kernel32", EntryPoint = "ResizePseudoConsole")]
    private static partial int Resize(nint console, uint size);

    [LibraryImport("kernel32", EntryPoint = "ClosePseudoConsole")]
    private static partial void Close(nint console);

    [LibraryImport("kernel32", EntryPoint = "InitializeProcThreadAttributeList", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool InitializeAttributes(nint list, int count, uint flags, ref nuint bytes);

    [LibraryImport("kernel32", EntryPoint = "UpdateProcThreadAttribute", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool UpdateAttribute(nint list, uint flags, nuint attribute, nint value, nuint bytes, nint previous, nint returned);

    [LibraryImport("kernel32", EntryPoint = "DeleteProcThreadAttributeList")]
    private static partial void DeleteAttributes(nint list);

    [LibraryImport("kernel32", EntryPoint = "CreateProcessW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateProcess(
        string program, char* line, nint processAttributes, nint threadAttributes, [MarshalAs(UnmanagedType.Bool)] bool inherit, uint flags, char* environment, string directory, StartupInfo* startup, ProcessInformation* started);

    [LibraryImport("kernel32", EntryPoint = "FreeConsole")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FreeConsole();

    [LibraryImport("kernel32", EntryPoint = "SetConsoleCtrlHandler")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetControlHandler(nint handler, [MarshalAs(UnmanagedType.Bool)] bool add);

    [LibraryImport("kernel32", EntryPoint = "ResumeThread", SetLastError = true)]
    private static partial uint ResumeThread(nint thread);

    [LibraryImport("kernel32", EntryPoint = "CloseHandle", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CloseHandle(nint handle);
}
