using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Operone.Agent.Files;
using Operone.Core.Channels;
using Operone.Core.Files;
using Operone.Disk;
using Operone.Disk.Linux;
using Operone.Tests.Agent.Hosting;
using Xunit;

namespace Operone.Tests.Agent.Files;

/// <summary>The real service on a folder of a test's own, with what lies outside of it beside.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FilesUnderTest : IDisposable
{
    private readonly TempFolder _temp = new();
    private string? _deep;

    public FilesUnderTest(bool useKernel = true, TimeProvider? time = null)
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(State);
        Directory.CreateDirectory(Outside);
        File.WriteAllText(Path.Combine(State, "device.key"), "the key");
        File.WriteAllText(Path.Combine(Outside, "secret"), "secret");
        Disk = new LinuxDisk(new LinuxResolver(new OwnState(State), useKernel));
        Uploads = new Uploads(Path.Combine(State, "files"), Disk, time ?? TimeProvider.System, NullLogger<Uploads>.Instance);
        Service = new FileService(Disk, Uploads, time ?? TimeProvider.System, NullLogger<FileService>.Instance);
    }

    public IDisk Disk { get; }

    public Uploads Uploads { get; }

    public FileService Service { get; }

    public string Root => _temp["root"];

    public string State => _temp["state"];

    public string Outside => _temp["outside"];

    public string Temp => _temp.Path;

    public FileScope Scope => new(Root, true, []);

    /// <summary>A path below the root, by its names.</summary>
    public string At(params string[] names) => TreePath.Parse(Root).Value.Join(TreePath.FromNames(names).Value).ToAddress();

    public string this[string name] => Path.Combine(Root, name);

    public Task<FileClient> OpenAsync(FileScope? scope = null) => FileClient.OpenAsync(
        socket => Service.ServeAsync(new OpenChannel(Guid.NewGuid(), ChannelPurposes.Files, Guid.Empty, ""), socket, default), scope ?? Scope);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Makes folders in folders that lie deeper than any path can say, as whoever has a shell there can.</summary>
    public async Task MakeDeepAsync(int length, int depth)
    {
        _deep = this["deep"];
        Directory.CreateDirectory(_deep);
        using var made = Process.Start(new ProcessStartInfo("sh", ["-c", "cd \"$1\"; for i in $(seq $2); do mkdir \"$3\" && cd -P \"$3\" || exit 1; done; echo needle > f", "sh", _deep, $"{depth}", new string('d', length)]))!;
        await made.WaitForExitAsync();
        Assert.Equal(0, made.ExitCode);
    }

    public void Dispose()
    {
        if (_deep is not null)
        {
            using var removed = Process.Start("rm", ["-rf", _deep]);
            removed.WaitForExit();
        }

        _temp.Dispose();
    }
}
