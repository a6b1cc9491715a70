using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Operone.Agent.Platforms.Unix;

/// <summary>A user of this system.</summary>
/// <param name="Name">The name.</param>
/// <param name="Uid">The user's number.</param>
/// <param name="Gid">The number of the user's first group.</param>
/// <param name="Home">The home directory.</param>
/// <param name="Shell">The shell.</param>
internal sealed record UnixUser(string Name, uint Uid, uint Gid, string Home, string Shell);

/// <summary>Looks users up by the C library, and so wherever nsswitch.conf(5) says.</summary>
[UnsupportedOSPlatform("windows")]
internal static unsafe partial class UnixUsers
{
    private const int BufferBytes = 64 * 1024;
    private const int OutOfRange = 34;

    /// <summary>The user with a name, or null where there is none.</summary>
    public static UnixUser? Find(string name)
    {
        // struct passwd: name, password, uid and gid in four bytes each; then gecos, home, shell. macOS has two more before gecos.
        var entry = stackalloc byte[128];
        for (var size = BufferBytes; size <= 16 * BufferBytes; size *= 4)
        {
            var buffer = (byte*)NativeMemory.Alloc((nuint)size);
            try
            {
                byte* found;
                var error = FindByName(name, entry, buffer, (nuint)size, &found);
                if (error != OutOfRange)
                {
                    return found == null ? null : Read(entry);
                }
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }

        return null;
    }

    /// <summary>The name of the user with a number, or null where there is none.</summary>
    public static string? NameOf(uint uid)
    {
        var entry = stackalloc byte[128];
        var buffer = (byte*)NativeMemory.Alloc(BufferBytes);
        try
        {
            byte* found;
            return FindByNumber(uid, entry, buffer, BufferBytes, &found) == 0 && found != null ? Text(*(nint*)entry) : null;
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }

    /// <summary>Makes a file a user's. Gives what went wrong, or null.</summary>
    public static string? GiveTo(string path, UnixUser user) =>
        ChangeOwner(path, user.Uid, user.Gid) == 0 ? null : Libc.Describe(Libc.LastError);

    private static UnixUser Read(byte* entry)
    {
        var home = OperatingSystem.IsMacOS() ? 48 : 32;
        var shell = Text(*(nint*)(entry + home + 8));
        return new UnixUser(Text(*(nint*)entry), *(uint*)(entry + 16), *(uint*)(entry + 20), Text(*(nint*)(entry + home)), shell.Length > 0 ? shell : "/bin/sh");
    }

    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "";

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FindByName(string name, byte* entry, byte* buffer, nuint size, byte** found);

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int FindByNumber(uint uid, byte* entry, byte* buffer, nuint size, byte** found);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint uid, uint gid);
}
