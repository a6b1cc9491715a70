using System.Globalization;
using System.Text;
using Operone.Core.Shell;
using Operone.Tests.Hosting;
using Operone.Web.Shell;
using Operone.Web.Shell.Terminals;

namespace Operone.Tests.Web.Shell.Recordings;

/// <summary>Makes terminals that were recorded, as a device reports them, without a device.</summary>
internal static class RecordedTerminals
{
    /// <summary>A recording of these lines, one a second.</summary>
    public static string Cast(params string[] lines) => "{\"version\":2,\"width\":80,\"height\":24}\n"
        + string.Concat(lines.Select((l, i) => string.Create(CultureInfo.InvariantCulture, $"[{i + 1},\"o\",{System.Text.Json.JsonSerializer.Serialize(l + "\r\n")}]\n")));

    /// <summary>Stores a terminal that has not ended, as opening one does.</summary>
    public static async Task<Guid> OpenAsync(
        OperoneServer server, Guid deviceId, string deviceName, RecordMode record = RecordMode.On, string owner = "ann@example.org", DateTimeOffset? at = null)
    {
        var now = at ?? DateTimeOffset.UtcNow;
        var id = Guid.CreateVersion7(now);
        await using var db = server.OpenDatabase();
        db.Add(new Run
        {
            Id = id,
            Kind = RunKind.Terminal,
            Status = RunStatus.Running,
            Request = new CreateRun { Command = "bash" },
            Summary = "bash",
            CreatedBy = owner,
            CreatedAt = now,
            ExpiresAt = now.AddDays(30),
        });
        db.Add(new Execution { Id = id, RunId = id, DeviceId = deviceId, DeviceName = deviceName, Status = ExecutionStatus.Starting, StartedAt = now });
        await db.SaveChangesAsync();
        db.Add(new Terminal
        {
            Id = id,
            DeviceId = deviceId,
            DeviceName = deviceName,
            OwnerId = Guid.CreateVersion7(),
            OwnerName = owner,
            Command = "bash",
            Record = record,
            CreatedAt = now,
        });
        await db.SaveChangesAsync();
        return id;
    }

    /// <summary>Stores one that has ended, with its recording, as if it had been so when the server started.</summary>
    public static async Task<Guid> StoreAsync(
        OperoneServer server, Guid deviceId, string deviceName, string cast, DateTimeOffset? at = null, string owner = "ann@example.org", long discarded = 0)
    {
        var now = at ?? DateTimeOffset.UtcNow;
        var id = await OpenAsync(server, deviceId, deviceName, owner: owner, at: now);
        var bytes = Encoding.UTF8.GetBytes(cast);
        await using var db = server.OpenDatabase();
        var offset = 0;
        foreach (var piece in bytes.Chunk(100_000))
        {
            db.Add(new JournalEntry { RunId = id, ExecutionId = id, Kind = JournalKind.Stdout, Offset = offset, Length = piece.Length, Data = piece });
            offset += piece.Length;
        }

        db.Update(new Execution
        {
            Id = id,
            RunId = id,
            DeviceId = deviceId,
            DeviceName = deviceName,
            Status = ExecutionStatus.Succeeded,
            StartedAt = now,
            EndedAt = now.AddSeconds(90),
            StdoutBytes = bytes.Length,
            DiscardedBytes = discarded,
        });
        await db.SaveChangesAsync();
        return id;
    }
}
