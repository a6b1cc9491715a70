using System.Runtime.InteropServices;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>
/// Arguments as they were given. .NET reads them as UTF-8 and loses what is none; where that happened, Linux still has their bytes.
/// </summary>
internal static class RawArguments
{
    /// <summary>An argument as <see cref="FileName"/> holds names.</summary>
    public static string Restore(string argument) =>
        argument.Contains('\uFFFD', StringComparison.Ordinal) && OperatingSystem.IsLinux() ? Find(argument) ?? argument : argument;

    private static string? Find(string argument)
    {
        try
        {
            var bytes = File.ReadAllBytes("/proc/self/cmdline").AsSpan();
            while (!bytes.IsEmpty)
            {
                var end = bytes.IndexOf((byte)0);
                var one = end < 0 ? bytes : bytes[..end];
                if (System.Text.Encoding.UTF8.GetString(one) == argument)
                {
                    return FileName.FromBytes(one);
                }

                bytes = end < 0 ? [] : bytes[(end + 1)..];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ExternalException)
        {
            // without /proc it stays as it is
        }

        return null;
    }
}
