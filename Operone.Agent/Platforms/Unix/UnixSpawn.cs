using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace Operone.Agent.Platforms.Unix;

/// <summary>
/// Starts a process by <c>posix_spawn</c>, which glibc, musl and macOS carry out without copying the parent's memory map:
/// much cheaper than fork, and than <see cref="System.Diagnostics.Process"/>. The child leads a session of its own, has
/// all signals at their defaults, and inherits nothing but the descriptors that are named.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static unsafe partial class UnixSpawn
{
    // posix_spawnattr_t and posix_spawn_file_actions_t have 336 and 80 bytes in glibc, and 8 in macOS; sigset_t at most 128.
    private const int OpaqueBytes = 512;
    private const int OpenReadWrite = 2;

    /// <summary>Starts a program.</summary>
    /// <param name="path">Its path; no search is done.</param>
    /// <param name="arguments">All arguments, with the program's name.</param>
    /// <param name="environment">All variables as <c>NAME=value</c>.</param>
    /// <param name="directory">Where it starts; null for the parent's directory.</param>
    /// <param name="stdin">Its standard input.</param>
    /// <param name="stdout">Its standard output.</param>
    /// <param name="stderr">Its standard error.</param>
    /// <param name="pid">The process, where it could be started.</param>
    /// <param name="others">What else it inherits, as 3, 4 and so on; each must have a number above those.</param>
    /// <returns>0, or the error number that says why not.</returns>
    public static int Start(
        string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, string? directory, int stdin, int stdout, int stderr, out int pid,
        IReadOnlyList<int>? others = null) =>
        Start(path, arguments, environment, directory, null, stdin, stdout, stderr, others, out pid);

    /// <summary>
    /// Starts a program on a terminal: it is standard input, output and error, and, because the program leads a session and
    /// opens it first, the session's controlling terminal.
    /// </summary>
    /// <param name="path">Its path; no search is done.</param>
    /// <param name="arguments">All arguments, with the program's name.</param>
    /// <param name="environment">All variables as <c>NAME=value</c>.</param>
    /// <param name="directory">Where it starts.</param>
    /// <param name="terminal">The terminal's path.</param>
    /// <param name="pid">The process, where it could be started.</param>
    /// <param name="others">What else it inherits, as 3, 4 and so on; each must have a number above those.</param>
    /// <returns>0, or the error number that says why not.</returns>
    public static int StartOnTerminal(
        string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, string directory, string terminal, out int pid,
        IReadOnlyList<int>? others = null) =>
        Start(path, arguments, environment, directory, terminal, 0, 0, 0, others, out pid);

    private static int Start(
        string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, string? directory, string? terminal, int stdin, int stdout, int stderr,
        IReadOnlyList<int>? others, out int pid)
    {
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        var signals = stackalloc byte[128];
        new Span<byte>(actions, OpaqueBytes).Clear();
        new Span<byte>(attributes, OpaqueBytes).Clear();
        pid = 0;
        var error = InitActions(actions);
        if (error != 0)
        {
            return error;
        }

        error = InitAttributes(attributes);
        if (error != 0)
        {
            DestroyActions(actions);
            return error;
        }

        var argv = Vector(arguments);
        var envp = Vector(environment);
        try
        {
            EmptySet(signals);
            SetMask(attributes, signals);
            FillSet(signals);
            SetDefaults(attributes, signals);
            // SETSIGDEF, SETSIGMASK, SETSID
            SetFlags(attributes, (short)(0x04 | 0x08 | (OperatingSystem.IsMacOS() ? 0x400 : 0x80)));
            error = terminal is null ? AddDup2(actions, stdin, 0) : AddOpen(actions, 0, terminal, OpenReadWrite, 0);
            error = error != 0 ? error : AddDup2(actions, stdout, 1);
            error = error != 0 ? error : AddDup2(actions, stderr, 2);
            for (var i = 0; error == 0 && i < (others?.Count ?? 0); i++)
            {
                error = AddDup2(actions, others![i], 3 + i);
            }

            if (error == 0 && directory is not null)
            {
                error = AddDirectory(actions, directory);
            }

            var child = 0;
            error = error != 0 ? error : Spawn(&child, path, actions, attributes, argv, envp);
            pid = error == 0 ? child : 0;
            return error;
        }
        finally
        {
            DestroyActions(actions);
            DestroyAttributes(attributes);
            NativeMemory.Free(argv);
            NativeMemory.Free(envp);
        }
    }

    /// <summary>A vector of C strings, closed by a null pointer, in one block of memory.</summary>
    private static byte** Vector(IReadOnlyList<string> strings)
    {
        var pointers = (nuint)(strings.Count + 1) * (nuint)sizeof(byte*);
        var bytes = pointers;
        foreach (var text in strings)
        {
            bytes += (nuint)Encoding.UTF8.GetMaxByteCount(text.Length) + 1;
        }

        var block = (byte*)NativeMemory.Alloc(bytes);
        var vector = (byte**)block;
        var next = block + pointers;
        for (var i = 0; i < strings.Count; i++)
        {
            vector[i] = next;
            next += Encoding.UTF8.GetBytes(strings[i], new Span<byte>(next, Encoding.UTF8.GetMaxByteCount(strings[i].Length)));
            *next++ = 0;
        }

        vector[strings.Count] = null;
        return vector;
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(int* pid, string path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial void DestroyActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDup2(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen(byte* actions, int fd, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddDirectory(byte* actions, string path);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial void DestroyAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial void SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial void SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial void SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial void EmptySet(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    private static partial void FillSet(byte* signals);
}
