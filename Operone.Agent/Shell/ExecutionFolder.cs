using System.Globalization;
using System.Text;
using System.Text.Json;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Agent.Shell;

/// <summary>
/// The folder of one execution, <c>&lt;state&gt;/x/&lt;id as 32 hex digits&gt;/</c>: all that is known of it on the device.
/// <list type="bullet">
/// <item><c>request.json</c>: the <see cref="StartExecution"/>; written whole (a temporary file, renamed) by the agent. One that
/// holds secrets is deleted by the host as soon as it has read it, or could not.</item>
/// <item><c>claim</c>: made by the host, exclusively, before anything is spawned, and locked for as long as the host lives.
/// So a second host cannot start, and everybody can see whether the first one lives. It is empty.</item>
/// <item><c>started</c>: when the command started, see <see cref="StartNote"/>.</item>
/// <item><c>output</c>: see <see cref="OutputLog"/>. There is none before the first byte. Where the newest output is kept, what comes after it is in
/// files of their own, see <see cref="OutputSegments"/>.</item>
/// <item><c>end.json</c>: the <see cref="ExecutionEnd"/>; written whole.</item>
/// <item><c>s</c>: the host's Unix socket, see <see cref="HostProtocol"/>. There is none before the command has run a few milliseconds.</item>
/// <item><c>t</c>: where it takes channels, the host's Unix socket for them.</item>
/// <item><c>script</c>: the script, where the request has one.</item>
/// <item><c>state</c>: of a supervised command, the <see cref="SupervisionNote"/>; written whole by the host whenever it changes.</item>
/// </list>
/// A folder whose execution is over may be used again, see <see cref="SpareFolders"/>: then it has an empty <c>output</c> and
/// <c>started</c>, and the files that become claim and end under other names.
/// Nothing is synced to the disk: what a power cut takes away is reported as lost, and no command waits for a disk.
/// </summary>
internal sealed class ExecutionFolder
{
    /// <summary>The folder at a path. Nothing is made.</summary>
    public ExecutionFolder(string path) => Path = path;

    /// <summary>Its full path.</summary>
    public string Path { get; }

    public string Request => Path + "/request.json";

    public string Claimed => Path + "/claim";

    /// <summary>In a folder that is used again: the file that becomes the claim. Whoever renames it has claimed the execution.</summary>
    public string Unclaimed => Path + "/claim.free";

    public string Started => Path + "/started";

    public string Output => Path + "/output";

    public string Ended => Path + "/end.json";

    public string Socket => Path + "/s";

    /// <summary>The socket on which the host takes channels, see <see cref="Channels.ChannelFrames"/>.</summary>
    public string Channels => Path + "/t";

    public string Script => Path + "/script";

    /// <summary>How a supervised command does.</summary>
    public string State => Path + "/state";

    /// <summary>In the state directory: touched by the agent whenever it has heard of the server.</summary>
    public string Heard => StateDirectory.HeardIn(System.IO.Path.GetDirectoryName(System.IO.Path.GetDirectoryName(Path)) ?? "/");

    /// <summary>Makes the folder, for its owner alone, and writes the request into it.</summary>
    /// <exception cref="IOException">The disk is full, or the folder cannot be made.</exception>
    public void Create(StartExecution request)
    {
        MakeFolder();
        WriteWhole(Request, JsonSerializer.SerializeToUtf8Bytes(request, OperoneJson.Default.StartExecution));
    }

    /// <summary>Makes the folder out of a spare one. It has its name only when the request is in it.</summary>
    /// <exception cref="IOException">The disk is full, or the spare folder is not there.</exception>
    public void CreateFrom(ExecutionFolder spare, StartExecution request)
    {
        Write(spare.Request, JsonSerializer.SerializeToUtf8Bytes(request, OperoneJson.Default.StartExecution));
        Directory.Move(spare.Path, Path);
    }

    /// <summary>Makes the folder, whose host has let go of it, a spare one with another name.</summary>
    /// <exception cref="IOException">It cannot be; what is there is of no use any more.</exception>
    public void MoveTo(ExecutionFolder spare)
    {
        Directory.Move(Path, spare.Path);
        File.Move(spare.Claimed, spare.Unclaimed, overwrite: true);
        File.Move(spare.Ended, TemporaryOf(spare.Ended), overwrite: true);
        File.Delete(spare.Socket);
        File.Delete(spare.Channels);
        File.Delete(spare.Script);
        File.Delete(spare.State);
        foreach (var path in (string[])[spare.Output, spare.Started])
        {
            if (File.Exists(path))
            {
                Write(path, []);
            }
        }
    }

    /// <summary>Makes the folder of an execution that ends before it began.</summary>
    /// <exception cref="IOException">The disk is full, or the folder cannot be made.</exception>
    public void Create(ExecutionEnd end)
    {
        MakeFolder();
        WriteEnd(end);
    }

    /// <summary>Reads the request.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="JsonException">It is not a request.</exception>
    public StartExecution ReadRequest() =>
        JsonSerializer.Deserialize(File.ReadAllBytes(Request), OperoneJson.Default.StartExecution) ?? throw new JsonException("the request is null");

    /// <summary>
    /// Reads the request for its host. Where it holds secrets, or nobody can tell, it is not there any more afterwards: not for
    /// the time of the command, and not in a folder that is used again.
    /// </summary>
    /// <exception cref="IOException">It cannot be read, or not be deleted.</exception>
    /// <exception cref="JsonException">It is not a request.</exception>
    public StartExecution TakeRequest()
    {
        var holdsSecrets = true;
        try
        {
            var request = ReadRequest();
            holdsSecrets = request.Masks is { Count: > 0 };
            return request;
        }
        finally
        {
            if (holdsSecrets)
            {
                File.Delete(Request);
            }
        }
    }

    /// <summary>
    /// Whether another host may take the execution over from one that is dead: its command is supervised, and all that it needs is
    /// still there. Where the request held secrets it is not. What the dead host has left can be found on Linux alone.
    /// </summary>
    public bool CanBeHostedAgain()
    {
        try
        {
            return OperatingSystem.IsLinux() && ReadRequest() is { Supervision.Restart.Mode: not RestartMode.Never };
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return false;
        }
    }

    /// <summary>Writes down how a supervised command does, whole, where the disk takes it.</summary>
    public void TryWriteNote(SupervisionNote note)
    {
        try
        {
            WriteWhole(State, JsonSerializer.SerializeToUtf8Bytes(note, SupervisionJson.Default.SupervisionNote));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // a full disk, or nobody wants to know: the command goes on all the same
        }
    }

    /// <summary>Reads how a supervised command does, or null where nothing is known.</summary>
    public SupervisionNote? ReadNote()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(State), SupervisionJson.Default.SupervisionNote);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the end, whole.</summary>
    /// <exception cref="IOException">The disk is full, or the folder is gone.</exception>
    public void WriteEnd(ExecutionEnd end) => WriteWhole(Ended, JsonSerializer.SerializeToUtf8Bytes(end, OperoneJson.Default.ExecutionEnd));

    /// <summary>Reads the end, or null where there is none.</summary>
    public ExecutionEnd? ReadEnd()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Ended), OperoneJson.Default.ExecutionEnd);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Notes that the command has started.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void WriteStarted(StartNote note)
    {
        Write(Started, Encoding.ASCII.GetBytes(note.ToString()));
    }

    /// <summary>The same, where the disk takes it; the command runs all the same, and its end tells of it.</summary>
    public void TryWriteStarted(StartNote note)
    {
        try
        {
            WriteStarted(note);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // a full disk
        }
    }

    /// <summary>Reads when the command started, or null where it has not.</summary>
    public StartNote? ReadStarted()
    {
        Span<byte> buffer = stackalloc byte[128];
        try
        {
            using var file = File.OpenHandle(Started, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return StartNote.Parse(Encoding.ASCII.GetString(buffer[..RandomAccess.Read(file, buffer, 0)]));
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private void MakeFolder()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Path);
        }
        else
        {
            Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static void WriteWhole(string path, ReadOnlySpan<byte> data)
    {
        Write(TemporaryOf(path), data);
        File.Move(TemporaryOf(path), path, overwrite: true);
    }

    private static string TemporaryOf(string path) => path + ".new";

    private static void Write(string path, ReadOnlySpan<byte> data)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(file, data, 0);
    }
}

/// <summary>What a host notes once the command has started.</summary>
/// <param name="StartedAt">When the command started (UTC).</param>
/// <param name="Pid">Its process, to be named where the host dies before it.</param>
internal sealed record StartNote(DateTimeOffset StartedAt, int Pid)
{
    /// <summary>The text, closed by a line feed.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{StartedAt:O} {Pid}\n");

    /// <summary>Reads the text; null where it is not whole.</summary>
    public static StartNote? Parse(string text)
    {
        var parts = text.Split(' ');
        return parts.Length == 2 && parts[1].EndsWith('\n')
            && DateTimeOffset.TryParseExact(parts[0], "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            && int.TryParse(parts[1].AsSpan(0, parts[1].Length - 1), CultureInfo.InvariantCulture, out var pid)
            ? new StartNote(at, pid)
            : null;
    }
}
