using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Operone.Web.Hosting;

namespace Operone.Web.Devices;

/// <summary>The agents that the node serves, by runtime identifier, with their SHA-256.</summary>
internal sealed class AgentDownloads(IOptions<OperoneOptions> options)
{
    private static readonly string[] Rids =
        ["linux-x64", "linux-arm64", "linux-musl-x64", "linux-musl-arm64", "osx-x64", "osx-arm64", "win-x64", "win-arm64"];

    private readonly ConcurrentDictionary<string, (DateTime Changed, long Length, string Hash)> _hashes = new(StringComparer.Ordinal);

    /// <summary>The file for a runtime identifier, or null where none is served. Only names from the list are looked for.</summary>
    public FileInfo? Find(string rid)
    {
        if (options.Value.AgentsDirectory is not { Length: > 0 } folder || !Rids.Contains(rid, StringComparer.Ordinal))
        {
            return null;
        }

        var file = new FileInfo(Path.Combine(Path.GetFullPath(folder), rid, rid.StartsWith("win-", StringComparison.Ordinal) ? "operone.exe" : "operone"));
        return file.Exists ? file : null;
    }

    /// <summary>The runtime identifiers that are served.</summary>
    public IReadOnlyList<string> Served => [.. Rids.Where(r => Find(r) is not null)];

    /// <summary>A file's SHA-256 in hexadecimal. It is read again only after the file has changed.</summary>
    public async Task<string> HashAsync(FileInfo file, CancellationToken cancellationToken)
    {
        if (_hashes.TryGetValue(file.FullName, out var known) && known.Changed == file.LastWriteTimeUtc && known.Length == file.Length)
        {
            return known.Hash;
        }

        await using var stream = file.OpenRead();
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
        _hashes[file.FullName] = (file.LastWriteTimeUtc, file.Length, hash);
        return hash;
    }
}
