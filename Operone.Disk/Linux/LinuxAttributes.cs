using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>Mode, owner, times and extended attributes of what is there.</summary>
[SupportedOSPlatform("linux")]
internal static class LinuxAttributes
{
    private const uint Keep = uint.MaxValue;

    /// <summary>What this process takes from the mode of what it makes (umask(2)).</summary>
    public static int Umask { get; } = ReadUmask();

    /// <summary>Copies the extended attributes that can be copied.</summary>
    public static void Copy(SafeFileHandle from, SafeFileHandle to)
    {
        var source = FileCalls.SelfPath(from);
        var target = FileCalls.SelfPath(to);
        var names = new byte[64 * 1024];
        var value = new byte[64 * 1024];
        var list = names.AsSpan(0, Math.Max(0, (int)FileCalls.ListAttributes(source, names, (nuint)names.Length)));
        while (list.IndexOf((byte)0) is var end and >= 0)
        {
            var name = list[..(end + 1)].ToArray();
            list = list[(end + 1)..];
            if (!name.AsSpan().StartsWith("security.capability"u8) && (int)FileCalls.GetAttribute(source, name, value, (nuint)value.Length) is var size and >= 0)
            {
                _ = FileCalls.SetAttribute(target, name, value, (nuint)size, 0);
            }
        }
    }

    /// <summary>Changes what is given.</summary>
    public static void Change(Opened opened, TreePath path, FileChange change, LinuxEntries entries)
    {
        var self = FileCalls.SelfPath(opened.Handle);
        if (change.Owner is not null || change.Group is not null)
        {
            var user = change.Owner is { } owner ? entries.Users.IdOf(owner) ?? throw Unknown("user", owner) : Keep;
            var group = change.Group is { } name ? entries.Groups.IdOf(name) ?? throw Unknown("group", name) : Keep;
            Require(FileCalls.SetOwnerOf(opened.Handle, [0], user, group, FileCalls.AtEmptyPath), path, "given to another owner");
        }

        if (change.Mode is { } mode)
        {
            if (opened.Stat.Kind == FileKind.Link)
            {
                throw new FileFault(FileProblems.WrongKind, $"'{path}' is a link: it has no mode of its own.");
            }

            // behind the owner, because a change of that takes some bits away
            Require(FileCalls.SetModeOf(self, (uint)mode), path, "given another mode");
        }

        foreach (var (name, value) in change.Attributes ?? new Dictionary<string, byte[]?>())
        {
            if (!name.StartsWith("user.", StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal))
            {
                throw FileFault.Unsupported($"The attribute '{name}' of '{path}' is not set: only those that begin with 'user.' are.");
            }

            byte[] key = [.. Encoding.UTF8.GetBytes(name), 0];
            var result = value is null ? FileCalls.RemoveAttribute(self, key) : FileCalls.SetAttribute(self, key, value, (nuint)value.Length, 0);
            if (result != 0 && !(value is null && FileCalls.LastError == LinuxFaults.NoData))
            {
                throw LinuxFaults.Last(path, "given attributes");
            }
        }

        if (change.ModifiedAt is { } modified)
        {
            Require(
                opened.Stat.Kind == FileKind.Link ? FileCalls.SetModifiedOf(opened.Handle, modified) : FileCalls.SetModified(self, modified),
                path, "given another time");
        }
    }

    private static void Require(int result, TreePath path, string verb)
    {
        if (result != 0)
        {
            throw LinuxFaults.Last(path, verb);
        }
    }

    private static FileFault Unknown(string what, string name) => new(FileProblems.Failed, $"This device has no {what} '{name}'.");

    private static int ReadUmask()
    {
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("Umask:", StringComparison.Ordinal));
        return line is null ? 0x12 : Convert.ToInt32(line[6..].Trim(), 8);
    }
}
