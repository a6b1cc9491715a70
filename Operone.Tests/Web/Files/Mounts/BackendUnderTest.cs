using System.Runtime.Versioning;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Tests.Agent.Hosting;
using Operone.Web.Files.Mounts;
using Operone.Web.Files.Mounts.Local;
using Operone.Web.Hosting;

namespace Operone.Tests.Web.Files.Mounts;

/// <summary>The backend of a mount, without the node around it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class BackendUnderTest : IDisposable
{
    private readonly TempFolder _state = new();
    private readonly MountVault _vault = new(new EphemeralDataProtectionProvider());
    private readonly ServerFolders _folders;
    private readonly MountBackends _backends;

    public BackendUnderTest(WriteMount mount)
    {
        _folders = new(Options.Create(new OperoneOptions { DataDirectory = _state.Path }), TimeProvider.System, NullLogger<Operone.Disk.Uploads>.Instance);
        _backends = new(_folders, _vault, TimeProvider.System);
        File.WriteAllText(_state["operone.db"], "the node's own");
        (Backend, Scope, Top) = Open(mount);
    }

    public IFileBackend Backend { get; }

    public FileScope Scope { get; }

    public TreePath Top { get; }

    /// <summary>What the node keeps.</summary>
    public string State => _state.Path;

    public static CancellationToken Cancelled => Xunit.TestContext.Current.CancellationToken;

    public (IFileBackend Backend, FileScope Scope, TreePath Top) Open(WriteMount mount) => _backends.Open(EntityOf(mount)).Value;

    public Task<MountTest> TestAsync(WriteMount mount) => _backends.TestAsync(EntityOf(mount), Cancelled);

    /// <summary>A place in it.</summary>
    public TreePath At(params string[] names) => Top.Join(TreePath.FromNames(names).Value);

    public async Task<Result<FileEntry>> PutAsync(TreePath path, byte[] content, FileCommit? how = null, int piece = 50_000, FileScope? scope = null)
    {
        var upload = Guid.CreateVersion7();
        var begun = await Backend.WriteAsync(scope ?? Scope, path, upload, 0, Cancelled);
        if (begun.IsError)
        {
            return begun.Error!;
        }

        await using (var writing = begun.Value)
        {
            for (var at = 0; at < content.Length; at += piece)
            {
                if ((await writing.WriteAsync(content.AsMemory(at, Math.Min(piece, content.Length - at)), Cancelled)).Error is { } error)
                {
                    await Backend.DiscardAsync(scope ?? Scope, path, upload, Cancelled);
                    return error;
                }
            }

            if ((await writing.EndAsync(Cancelled)).Error is { } ended)
            {
                return ended;
            }
        }

        var made = await Backend.CommitAsync(scope ?? Scope, path, upload, how ?? new(), Cancelled);
        if (made.IsError)
        {
            await Backend.DiscardAsync(scope ?? Scope, path, upload, Cancelled);
        }

        return made;
    }

    public async Task<Result<byte[]>> GetAsync(TreePath path, long offset = 0, long? length = null, FileScope? scope = null)
    {
        var opened = await Backend.ReadAsync(scope ?? Scope, path, offset, length, Cancelled);
        if (opened.IsError)
        {
            return opened.Error!;
        }

        await using var reading = opened.Value;
        using var content = new MemoryStream();
        var buffer = new byte[70_000];
        while (true)
        {
            var piece = await reading.ReadAsync(buffer, Cancelled);
            if (piece.IsError)
            {
                return piece.Error!;
            }

            if (piece.Value.IsEnd)
            {
                return content.ToArray();
            }

            content.Write(buffer, 0, piece.Value.Count);
            content.Write(new byte[piece.Value.Hole]);
        }
    }

    public async Task<Result<List<FileEntry>>> ListAsync(TreePath path, FileListOptions? options = null, FileScope? scope = null)
    {
        var all = new List<FileEntry>();
        var listed = await Backend.ListAsync(scope ?? Scope, path, options ?? new(), batch =>
        {
            all.AddRange(batch);
            return ValueTask.CompletedTask;
        }, Cancelled);
        return listed.IsError ? listed.Error! : all;
    }

    public async Task<List<FileEntry>> WalkAsync(TreePath path)
    {
        var all = new List<FileEntry>();
        var walked = await Backend.WalkAsync(Scope, path, batch =>
        {
            all.AddRange(batch);
            return ValueTask.CompletedTask;
        }, Cancelled);
        Xunit.Assert.False(walked.IsError, walked.Error?.Detail);
        return all;
    }

    public void Dispose()
    {
        _backends.Dispose();
        _folders.Dispose();
        _state.Dispose();
    }

    private Mount EntityOf(WriteMount mount)
    {
        var (id, secrets) = (Guid.CreateVersion7(), MountSecrets.Of(mount));
        return new()
        {
            Id = id,
            Name = mount.Name!,
            NormalizedName = mount.Name!,
            Kind = mount.Kind,
            Address = mount.Address!,
            User = mount.User,
            HostKey = mount.HostKey,
            Labels = new Dictionary<string, string>(),
            IsWritable = mount.IsWritable,
            Hidden = mount.Hidden ?? [],
            Secrets = _vault.Seal(id, secrets),
            SignIn = secrets?.SignIn ?? MountSignIn.None,
            UpdatedAt = DateTimeOffset.UtcNow,
            UpdatedBy = "test",
        };
    }
}
