using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Files;
using Operone.Tests.Agent.Hosting;
using Operone.Tests.Hosting;
using Xunit;

namespace Operone.Tests.Web.Files;

[SupportedOSPlatform("linux")]
public sealed class TransferTestsOnSqlite(SqliteFixture f) : TransferTests(f), IClassFixture<SqliteFixture>;

[SupportedOSPlatform("linux")]
public sealed class TransferTestsOnPostgres(PostgresFixture f) : TransferTests(f), IClassFixture<PostgresFixture>;

/// <summary>Copies and moves that the node carries out, between two real devices.</summary>
[SupportedOSPlatform("linux")]
public abstract class TransferTests(ServerFixture fixture) : FileScene(fixture)
{
    private const int LargeBytes = 96 << 20;

    private readonly TempFolder _temp = new();
    private AgentUnderTest? _other;

    private string OtherDevice => Device.Replace("disk", "othr", StringComparison.Ordinal);

    private string OtherFolder => _temp["d"];

    private string There => $"/devices/{OtherDevice}{OtherFolder}";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Directory.CreateDirectory(OtherFolder);
        _other = await AgentUnderTest.EnrolAndRunAsync(Server, _temp["s"], OtherDevice);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _other!.DisposeAsync();
        _temp.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Copy_OfAFolder_BringsAllOfItAndTheSecondTimeNothing()
    {
        var source = Directory.CreateDirectory(Path.Combine(Folder, "site")).FullName;
        Directory.CreateDirectory(Path.Combine(source, "empty"));
        Directory.CreateDirectory(Path.Combine(source, "deep/er"));
        await File.WriteAllTextAsync(Path.Combine(source, "deep/er/a b 😀.txt"), "deep", Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(source, "none"), [], Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(source, "large"), RandomNumberGenerator.GetBytes(3_000_000), Cancelled);
        await File.WriteAllTextAsync(Path.Combine(source, "run.sh"), "#!/bin/sh\n", Cancelled);
        File.SetUnixFileMode(Path.Combine(source, "run.sh"), (UnixFileMode)0x1E8);
        File.SetLastWriteTimeUtc(Path.Combine(source, "none"), new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        File.CreateSymbolicLink(Path.Combine(source, "link"), "deep/er");
        var ended = await EndAsync(await CreateAsync(new([$"{Place}/site"], $"{There}/into/new")));
        Assert.Equal((TransferStatus.Completed, 5, 4, 0, 0), (ended.Status, ended.FilesDone, ended.Folders, ended.Failed, ended.Conflicts));
        Assert.Equal(ended.Bytes, ended.BytesDone);
        var target = Path.Combine(OtherFolder, "into/new/site");
        Assert.Equal(Tree(source), Tree(target));
        Assert.Equal((UnixFileMode)0x1E8, File.GetUnixFileMode(Path.Combine(target, "run.sh")));
        Assert.Equal(new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc), File.GetLastWriteTimeUtc(Path.Combine(target, "none")));

        File.Delete(Path.Combine(target, "large"));
        var again = await EndAsync(await CreateAsync(new([$"{Place}/site"], $"{There}/into/new")));
        Assert.Equal((TransferStatus.Completed, 5), (again.Status, again.FilesDone));
        Assert.Equal(Tree(source), Tree(target));
        var brought = (await ItemsAsync(again.Id, "?outcome=done")).Items;
        Assert.Equal($"{There}/into/new/site/large", Assert.Single(brought).To);
    }

    [Theory]
    [InlineData(ConflictRule.Skip, "theirs", null, "theirs newer")]
    [InlineData(ConflictRule.Overwrite, "ours", null, "ours older")]
    [InlineData(ConflictRule.Newer, "ours", null, "theirs newer")]
    [InlineData(ConflictRule.KeepBoth, "theirs", "ours", "theirs newer")]
    public async Task Conflict_OfWhichNobodyHasSaid_WaitsAndGoesByTheRuleThen(ConflictRule rule, string file, string? second, string older)
    {
        foreach (var (folder, text, hours) in new[] { (Folder, "ours", 1), (OtherFolder, "theirs", 2) })
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "a.txt"), text, Cancelled);
            File.SetLastWriteTimeUtc(Path.Combine(folder, "a.txt"), DateTime.UtcNow.AddHours(-hours));
            await File.WriteAllTextAsync(Path.Combine(folder, "b"), folder == Folder ? "ours older" : "theirs newer", Cancelled);
            File.SetLastWriteTimeUtc(Path.Combine(folder, "b"), DateTime.UtcNow.AddHours(hours - 4));
        }

        await File.WriteAllTextAsync(Path.Combine(Folder, "new"), "new", Cancelled);
        var asked = await BecomesAsync(await CreateAsync(new([$"{Place}/a.txt", $"{Place}/b", $"{Place}/new"], There)), TransferStatus.Paused);
        Assert.Equal((2, 0, 3), (asked.Conflicts, asked.FilesDone, asked.Files));
        Assert.Contains("2 files are there already", asked.Reason, StringComparison.Ordinal);
        Assert.Equal([$"{There}/a.txt", $"{There}/b"], (await ItemsAsync(asked.Id, "?isConflict=true")).Items.Select(i => i.To));
        Assert.Equal("transfer-conflicts", await RefusedAsync(HttpMethod.Post, ActOf(asked.Id, "resume"), HttpStatusCode.Conflict, JsonContent.Create(new ResumeTransfer())));
        using (await SendAsync(HttpMethod.Post, ActOf(asked.Id, "resume"), HttpStatusCode.OK, JsonContent.Create(new ResumeTransfer(rule))))
        {
        }

        var ended = await EndAsync(asked.Id);
        Assert.True(ended.Status == TransferStatus.Completed, ended.Reason);
        Assert.Equal((file, older, "new"), (await TextAsync("a.txt"), await TextAsync("b"), await TextAsync("new")));
        Assert.Equal(second, File.Exists(Path.Combine(OtherFolder, "a (2).txt")) ? await TextAsync("a (2).txt") : null);
        Task<string> TextAsync(string name) => File.ReadAllTextAsync(Path.Combine(OtherFolder, name), Cancelled);
    }

    [Fact]
    public async Task Move_ToAnotherDevice_LeavesNothingButWhatWasNotBrought()
    {
        var source = Directory.CreateDirectory(Path.Combine(Folder, "m/inner")).Parent!.FullName;
        await File.WriteAllTextAsync(Path.Combine(source, "inner/one"), "one", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(source, "two"), "two", Cancelled);
        var there = Directory.CreateDirectory(Path.Combine(OtherFolder, "m")).FullName;
        await File.WriteAllTextAsync(Path.Combine(there, "two"), "other", Cancelled);
        var ended = await EndAsync(await CreateAsync(new([$"{Place}/m"], There, TransferKind.Move, Conflict: ConflictRule.Skip)));
        Assert.Equal((TransferStatus.Completed, 1, 1), (ended.Status, ended.FilesDone, ended.Skipped));
        Assert.Contains("1 stayed", ended.Reason, StringComparison.Ordinal);
        Assert.Equal(["two"], Directory.GetFileSystemEntries(source).Select(Path.GetFileName));
        Assert.Equal(("one", "other"), (await File.ReadAllTextAsync(Path.Combine(there, "inner/one"), Cancelled), await File.ReadAllTextAsync(Path.Combine(there, "two"), Cancelled)));

        using var moved = await SendAsync(HttpMethod.Post, At("m/two:move"), HttpStatusCode.Accepted, JsonContent.Create(new BringFile($"{There}/m/2")));
        var transfer = await EndAsync((await moved.Content.ReadFromJsonAsync(OperoneJson.Default.TransferView, Cancelled))!.Id);
        Assert.Equal(TransferStatus.Completed, transfer.Status);
        Assert.Equal("two", await File.ReadAllTextAsync(Path.Combine(there, "2"), Cancelled));
        Assert.Empty(Directory.GetFileSystemEntries(source));
    }

    [Fact]
    public async Task Move_WithinADevice_IsARename()
    {
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, "x")).FullName, "f"), "f", Cancelled);
        var ended = await EndAsync(await CreateAsync(new([$"{Place}/x"], $"{Place}/y", TransferKind.Move, Name: "z")));
        Assert.True(ended.Status == TransferStatus.Completed, ended.Reason);
        Assert.Equal(FileKind.Folder, Assert.Single((await ItemsAsync(ended.Id)).Items).Kind);
        Assert.Equal("f", await File.ReadAllTextAsync(Path.Combine(Folder, "y/z/f"), Cancelled));
        Assert.False(Directory.Exists(Path.Combine(Folder, "x")));
    }

    [Fact]
    public async Task Move_OntoItselfUnderAnotherSpellingOfTheDevice_IsRefusedAndLosesNothing()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "f"), "f", Cancelled);
        Directory.CreateDirectory(Path.Combine(Folder, "x"));
        foreach (var (from, to) in ((string, string)[])[($"{Place}/f", Folder), ($"{Place}/x", $"{Folder}/x/y")])
        {
            Assert.Equal("invalid-input", await RefusedAsync(HttpMethod.Post, new("/api/v1/transfers", UriKind.Relative), HttpStatusCode.BadRequest,
                JsonContent.Create(new CreateTransfer([from], $"/devices/{Device.ToUpperInvariant()}{to}", TransferKind.Move, Conflict: ConflictRule.Overwrite))));
        }

        Assert.Equal("f", await File.ReadAllTextAsync(Path.Combine(Folder, "f"), Cancelled));
    }

    [Fact]
    public async Task Move_ToAnotherFileSystemOfTheDevice_IsACopyThatLeavesNothing()
    {
        var shared = Directory.CreateDirectory($"/dev/shm/op-{Guid.NewGuid():N}").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, "x")).FullName, "f"), "f", Cancelled);
            var ended = await EndAsync(await CreateAsync(new([$"{Place}/x"], $"/devices/{Device}{shared}", TransferKind.Move)));
            Assert.True(ended.Status == TransferStatus.Completed, ended.Reason);
            Assert.Equal("f", await File.ReadAllTextAsync(Path.Combine(shared, "x/f"), Cancelled));
            Assert.False(Directory.Exists(Path.Combine(Folder, "x")));
        }
        finally
        {
            Directory.Delete(shared, recursive: true);
        }
    }

    [Theory]
    [InlineData("source")]
    [InlineData("target")]
    [InlineData("node")]
    [InlineData("pause")]
    public async Task Copy_ThatBreaksInTheMiddle_GoesOnByItselfAndIsExact(string broken)
    {
        var bytes = RandomNumberGenerator.GetBytes(LargeBytes);
        await File.WriteAllBytesAsync(Path.Combine(Folder, "large"), bytes, Cancelled);
        await File.WriteAllTextAsync(Path.Combine(Folder, "small"), "small", Cancelled);
        var transfer = await CreateAsync(new([$"{Place}/large", $"{Place}/small"], There));
        await Eventually.BecomesAsync(() => Task.FromResult(HasPart()), "a part", 60);
        switch (broken)
        {
            case "source":
                await Agent.KillAsync();
                await BecomesAsync(transfer, t => t.Reason is not null);
                Agent = AgentUnderTest.Run(State);
                break;
            case "target":
                await _other!.KillAsync();
                _other = AgentUnderTest.Run(_temp["s"]);
                break;
            case "node":
                await Server.StopAsync();
                await Server.StartAgainAsync();
                break;
            default:
                using (await SendAsync(HttpMethod.Post, ActOf(transfer, "pause"), HttpStatusCode.OK))
                {
                }

                await BecomesAsync(transfer, TransferStatus.Paused);
                Assert.True(HasPart());
                using (await SendAsync(HttpMethod.Post, ActOf(transfer, "resume"), HttpStatusCode.OK))
                {
                }

                break;
        }

        var ended = await EndAsync(transfer);
        Assert.True(ended is { Status: TransferStatus.Completed, FilesDone: 2 }, $"{ended.Status} {ended.Reason}");
        Assert.Equal(bytes.Length + 5, ended.BytesDone);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(OtherFolder, "large"), Cancelled)));
        Assert.Equal(["large", "small"], Directory.GetFileSystemEntries(OtherFolder).Select(Path.GetFileName).Order());
        bool HasPart() => Directory.GetFiles(OtherFolder, ".operone-*.part").Any(p => new FileInfo(p) is { Exists: true, Length: > 1 << 20 });
    }

    [Fact]
    public async Task Copy_OfASparseFile_KeepsItsHoles()
    {
        using (var file = File.Create(Path.Combine(Folder, "sparse")))
        {
            file.SetLength(4L << 30);
            file.Seek(3L << 30, SeekOrigin.Begin);
            file.Write("here"u8);
        }

        var ended = await EndAsync(await CreateAsync(new([$"{Place}/sparse"], There)));
        Assert.True(ended.Status == TransferStatus.Completed, ended.Reason);
        Assert.Equal(4L << 30, new FileInfo(Path.Combine(OtherFolder, "sparse")).Length);
        var used = await RunAsync("du", "-k", Path.Combine(OtherFolder, "sparse"));
        Assert.InRange(int.Parse(used.Split('\t')[0], System.Globalization.CultureInfo.InvariantCulture), 0, 1024);
    }

    [Fact]
    public async Task Transfer_WithSomethingThatCannotBeRead_BringsTheRestAndTriesAgain()
    {
        var source = Directory.CreateDirectory(Path.Combine(Folder, "s")).FullName;
        await File.WriteAllTextAsync(Path.Combine(source, "fine"), "fine", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(source, "taken"), "taken", Cancelled);
        await RunAsync("mkfifo", Path.Combine(source, "pipe"));
        Directory.CreateDirectory(Path.Combine(OtherFolder, "s/taken"));
        var failed = await EndAsync(await CreateAsync(new([$"{Place}/s"], There)));
        Assert.Equal((TransferStatus.Failed, 1, 2), (failed.Status, failed.FilesDone, failed.Failed));
        Assert.Equal(["It is no file, no folder and no link: it is not brought along.", "A folder of this name is there already."],
            (await ItemsAsync(failed.Id, "?outcome=failed")).Items.OrderBy(i => i.From, StringComparer.Ordinal).Select(i => i.Problem));
        Directory.Delete(Path.Combine(OtherFolder, "s/taken"));
        using (await SendAsync(HttpMethod.Post, ActOf(failed.Id, "resume"), HttpStatusCode.OK, JsonContent.Create(new ResumeTransfer(RetryFailed: true))))
        {
        }

        var again = await EndAsync(failed.Id, t => t.FilesDone == 2);
        Assert.Equal((TransferStatus.Failed, 1), (again.Status, again.Failed));
        Assert.Equal("taken", await File.ReadAllTextAsync(Path.Combine(OtherFolder, "s/taken"), Cancelled));
    }

    [Fact]
    public async Task Transfer_OfAFolderWithAPolicyOfItsOwnInIt_SaysSoAndBringsTheRest()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "s/own"));
        await File.WriteAllTextAsync(Path.Combine(Folder, "s/fine"), "fine", Cancelled);
        using var labelled = await Server.Owner.PatchAsJsonAsync(
            $"/api/v1/devices/{Device}", new Operone.Core.Devices.UpdateDevice(Labels: new Dictionary<string, string> { ["held"] = Device }), Cancelled);
        using var made = await Server.Owner.PostAsJsonAsync("/api/v1/file-policies", new WriteFilePolicy(
            $"own-{Device}", $"held={Device}", null, [new("/", IsWritable: true), new($"{Folder}/s/own")], []), Cancelled);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Cancelled));
        var failed = await EndAsync(await CreateAsync(new([$"{Place}/s"], There)));
        Assert.Equal((TransferStatus.Failed, 1, 1), (failed.Status, failed.FilesDone, failed.Failed));
        var item = Assert.Single((await ItemsAsync(failed.Id, "?outcome=failed")).Items);
        Assert.Equal(($"{Place}/s/own", "A policy of its own holds for it: bring it by itself."), (item.From, item.Problem));
    }

    [Fact]
    public async Task Transfer_ThatIsCancelled_LeavesWhatIsDoneAndNoMore()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "f"), "f", Cancelled);
        var planned = await BecomesAsync(await CreateAsync(new([$"{Place}/f"], There, IsPaused: true)), TransferStatus.Paused);
        Assert.Equal((1, 1, 0), (planned.Files, planned.Bytes, planned.Conflicts));
        using (await SendAsync(HttpMethod.Post, ActOf(planned.Id, "cancel"), HttpStatusCode.OK))
        {
        }

        Assert.Equal("transfer-over", await RefusedAsync(HttpMethod.Post, ActOf(planned.Id, "resume"), HttpStatusCode.Conflict));
        Assert.Equal(TransferStatus.Cancelled, (await GetAsync(planned.Id)).Status);
        Assert.Empty(Directory.GetFileSystemEntries(OtherFolder));
    }

    [Fact]
    public async Task Transfer_OfOnesOwn_IsNobodyElses()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "f"), "f", Cancelled);
        using var reader = await Server.ClientAsync(await Server.CreatePersonAsync(BuiltInRoles.Viewer));
        var create = new CreateTransfer([$"{Place}/f"], There, IsPaused: true);
        Assert.Equal("permission-missing", await RefusedAsync(HttpMethod.Post, new("/api/v1/transfers", UriKind.Relative), HttpStatusCode.Forbidden, JsonContent.Create(create), reader));
        var id = await CreateAsync(create);
        Assert.Equal("transfer-not-found", await RefusedAsync(HttpMethod.Get, new($"/api/v1/transfers/{id}", UriKind.Relative), HttpStatusCode.NotFound, client: reader));
        Assert.Equal("transfer-not-found", await RefusedAsync(HttpMethod.Post, ActOf(id, "cancel"), HttpStatusCode.NotFound, client: reader));
        Assert.Equal("invalid-input", await RefusedAsync(HttpMethod.Post, new("/api/v1/transfers", UriKind.Relative), HttpStatusCode.BadRequest,
            JsonContent.Create(new CreateTransfer([$"{Place}"], $"{Place}/below"))));
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(Cancelled);
        await process.WaitForExitAsync(Cancelled);
        return output;
    }

    private static Uri ActOf(Guid transfer, string act) => new($"/api/v1/transfers/{transfer}/{act}", UriKind.Relative);

    private async Task<Guid> CreateAsync(CreateTransfer request)
    {
        using var made = await SendAsync(HttpMethod.Post, new("/api/v1/transfers", UriKind.Relative), HttpStatusCode.Accepted, JsonContent.Create(request));
        return (await made.Content.ReadFromJsonAsync(OperoneJson.Default.TransferView, Cancelled))!.Id;
    }

    private async Task<TransferView> GetAsync(Guid id) => (await Server.Owner.GetFromJsonAsync($"/api/v1/transfers/{id}", OperoneJson.Default.TransferView, Cancelled))!;

    private async Task<Page<TransferItemView>> ItemsAsync(Guid id, string query = "") =>
        (await Server.Owner.GetFromJsonAsync($"/api/v1/transfers/{id}/items{query}", OperoneJson.Default.PageTransferItemView, Cancelled))!;

    private Task<TransferView> BecomesAsync(Guid id, Func<TransferView, bool> isRight) => WaitAsync(id, isRight);

    private Task<TransferView> BecomesAsync(Guid id, TransferStatus status) => WaitAsync(id, t => t.Status == status);

    private Task<TransferView> EndAsync(Guid id, Func<TransferView, bool>? when = null) => WaitAsync(id, t => t.EndedAt is not null && when?.Invoke(t) != false);

    private async Task<TransferView> WaitAsync(Guid id, Func<TransferView, bool> isRight)
    {
        TransferView? seen = null;
        return await Eventually.BecomesAsync(async () => isRight(seen = await GetAsync(id)) ? seen : null, () => $"the end; the transfer is {seen}", 90);
    }

    private static string[] Tree(string folder) => [.. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
        $"{Path.GetRelativePath(folder, path)} {new FileInfo(path).LinkTarget} {(new FileInfo(path) is { Exists: true, LinkTarget: null } ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))) : "")} "
        + $"{(new FileInfo(path).LinkTarget is null ? File.GetLastWriteTimeUtc(path).ToString("s", System.Globalization.CultureInfo.InvariantCulture) : "")}")];
}
