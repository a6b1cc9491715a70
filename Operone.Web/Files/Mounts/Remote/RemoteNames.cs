using Operone.Core.Files;

namespace Operone.Web.Files.Mounts.Remote;

/// <summary>Names that unfinished uploads have on other servers.</summary>
internal static class RemoteNames
{
    public static string Part(Guid upload) => $"{FileLimits.PartPrefix}{upload:N}{FileLimits.PartSuffix}";

    public static bool IsPart(string name) =>
        name.StartsWith(FileLimits.PartPrefix, StringComparison.Ordinal) && name.EndsWith(FileLimits.PartSuffix, StringComparison.Ordinal);
}
