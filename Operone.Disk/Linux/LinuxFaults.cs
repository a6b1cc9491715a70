using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Operone.Core.Files;

namespace Operone.Disk.Linux;

/// <summary>Linux's error numbers (errno(3)) as problems with files.</summary>
[SupportedOSPlatform("linux")]
internal static class LinuxFaults
{
    public const int NotPermitted = 1, Busy = 16, NotFound = 2, IsInterrupted = 4, TryAgain = 11, Denied = 13, Exists = 17, OtherDevice = 18, NotFolder = 20, IsFolder = 21,
        Invalid = 22, NoSpace = 28, ReadOnlySystem = 30, NameTooLong = 36, NoCall = 38, NotEmpty = 39, LinkLoop = 40, NoData = 61, NotSupported = 95, QuotaFull = 122,
        NoSuchAddress = 6, TooManyFiles = 24, TooBig = 27;

    /// <summary>The problem of a call that failed just now.</summary>
    /// <param name="path">With what.</param>
    /// <param name="verb">What could not be done with it: <c>read</c>, <c>removed</c>.</param>
    public static FileFault Last(TreePath path, string verb) => Of(FileCalls.LastError, path, verb);

    /// <summary>The problem of an error.</summary>
    public static FileFault Of(int error, TreePath path, string verb) => error switch
    {
        NotFound => FileFault.NotFound(path),
        Denied or NotPermitted => new(FileProblems.Denied, $"'{path}' could not be {verb}: the system does not let the agent ({Words(error)})."),
        Busy => new(FileProblems.Denied, $"'{path}' could not be {verb}: the system uses it, or something is mounted there."),
        ReadOnlySystem => new(FileProblems.Denied, $"'{path}' could not be {verb}: its file system is mounted read-only."),
        Exists => new(FileProblems.Exists, $"'{path}' could not be {verb}: it is there already."),
        NotEmpty => new(FileProblems.NotEmpty, $"'{path}' could not be {verb}: the folder is not empty."),
        NotFolder => new(FileProblems.WrongKind, $"'{path}' could not be {verb}: it is no folder, or lies in none."),
        IsFolder => new(FileProblems.WrongKind, $"'{path}' could not be {verb}: it is a folder."),
        NoSpace => new(FileProblems.NoSpace, $"'{path}' could not be {verb}: the disk is full."),
        QuotaFull => new(FileProblems.NoSpace, $"'{path}' could not be {verb}: the quota is used up."),
        OtherDevice => new(FileProblems.OtherFileSystem, $"'{path}' could not be {verb}: it would have to go to another file system."),
        NameTooLong or Invalid => new(FileProblems.BadName, $"'{path}' could not be {verb}: its file system does not take the name ({Words(error)})."),
        LinkLoop => new(FileProblems.Outside, $"'{path}' could not be {verb}: a link on the way to it is not followed."),
        NotSupported => new(FileProblems.Unsupported, $"'{path}' could not be {verb}: its file system cannot do that."),
        _ => new(FileProblems.Failed, $"'{path}' could not be {verb}: {Words(error)}."),
    };

    private static string Words(int error) => Marshal.GetPInvokeErrorMessage(error);
}
