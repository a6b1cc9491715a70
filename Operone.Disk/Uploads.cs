using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Operone.Core.Files;

namespace Operone.Disk;

/// <summary>
/// The uploads that are not finished. A file for each, by its id, notes where its part lies and what it will be, before the part is made:
/// so that a part that nobody goes on with is found, and thrown away, whatever became of the agent.
/// </summary>
internal sealed partial class Uploads(string folder, IDisk disk, TimeProvider time, ILogger<Uploads> logger)
{
    private static readonly TimeSpan _interval = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<Guid, Claim> _claims = new();

    /// <summary>Notes an upload. An upload is of one place, for good.</summary>
    /// <exception cref="FileFault">It is of another place.</exception>
    public void Note(Guid upload, FilePlace place, TreePath part)
    {
        var file = FileOf(upload);
        if (Read(file) is { } note)
        {
            if (!note.Target.Equals(place.Path) || !note.Part.Equals(part))
            {
                throw Foreign(place);
            }

            return;
        }

        Directory.CreateDirectory(folder);
        var made = file + ".new";
        File.WriteAllText(made, $"{part.ToAddress()}\n{place.Path.ToAddress()}\n");
        File.Move(made, file, overwrite: true);
    }

    /// <summary>Notes many that are put at once, in one file. They are over together.</summary>
    public void NoteAll(Guid batch, IEnumerable<(TreePath Part, FilePlace Place)> parts)
    {
        Directory.CreateDirectory(folder);
        var made = FileOf(batch) + ".new";
        File.WriteAllLines(made, parts.SelectMany(p => (string[])[p.Part.ToAddress(), p.Place.Path.ToAddress()]));
        File.Move(made, FileOf(batch));
    }

    /// <summary>Requires that an upload is of a place.</summary>
    public void Require(Guid upload, FilePlace place)
    {
        if (Read(FileOf(upload)) is { } note && !note.Target.Equals(place.Path))
        {
            throw Foreign(place);
        }
    }

    /// <summary>An upload is over.</summary>
    public void Forget(Guid upload) => File.Delete(FileOf(upload));

    /// <summary>
    /// Takes an upload for one channel. Whoever had it has lost it: most likely its channel is broken, and only this agent has not noticed.
    /// </summary>
    public async Task<Claim> ClaimAsync(Guid upload, CancellationToken cancel)
    {
        var mine = new Claim(this, upload, cancel);
        while (!_claims.TryAdd(upload, mine))
        {
            if (_claims.TryGetValue(upload, out var other))
            {
                await other.TakeAwayAsync(cancel);
            }
        }

        return mine;
    }

    /// <summary>Throws away what is too old, now and every hour.</summary>
    public async Task CleanAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(_interval, time);
        do
        {
            await Task.Run(Clean, cancel); // a file system that is away may keep it waiting
        }
        while (await timer.WaitForNextTickAsync(cancel));
    }

    /// <summary>Throws away what is too old.</summary>
    public void Clean()
    {
        var since = time.GetUtcNow() - TimeSpan.FromHours(FileLimits.UploadHours);
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder) : [])
        {
            if (Guid.TryParseExact(Path.GetFileName(file), "N", out var upload) && _claims.ContainsKey(upload))
            {
                continue;
            }

            try
            {
                // all of them are tried; one that is not gone keeps the note
                var notes = ReadAll(file);
                var left = notes.FindAll(note => !disk.RemoveOldPart(note.Part, since));
                if (left.Count == 0 && File.GetLastWriteTimeUtc(file) < since.UtcDateTime)
                {
                    File.Delete(file);
                    Log.Cleaned(logger, notes.FirstOrDefault()?.Target);
                }
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                Log.NotCleaned(logger, file, problem.Message);
            }
        }
    }

    private static FileFault Foreign(FilePlace place) => new(FileProblems.Exists, $"The upload to '{place}' has the id of an upload to another place.");

    private static Noted? Read(string file) => ReadAll(file).FirstOrDefault();

    /// <summary>What a file notes; nothing where it is not there, or is not whole.</summary>
    private static List<Noted> ReadAll(string file)
    {
        try
        {
            var notes = new List<Noted>();
            foreach (var lines in File.ReadAllLines(file, Encoding.UTF8).Chunk(2))
            {
                if (lines.Length == 2 && TreePath.Parse(lines[0]) is { IsError: false } part && TreePath.Parse(lines[1]) is { IsError: false } target)
                {
                    notes.Add(new Noted(part.Value, target.Value));
                }
            }

            return notes;
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    private string FileOf(Guid upload) => Path.Combine(folder, upload.ToString("N"));

    private sealed record Noted(TreePath Part, TreePath Target);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The unfinished upload to {Path} is thrown away: nobody has gone on with it")]
        public static partial void Cleaned(ILogger logger, TreePath? path);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The unfinished upload of {Note} could not be thrown away: {Problem}")]
        public static partial void NotCleaned(ILogger logger, string note, string problem);
    }

    /// <summary>Who writes to an upload.</summary>
    internal sealed class Claim(Uploads uploads, Guid upload, CancellationToken cancel) : IDisposable
    {
        private readonly CancellationTokenSource _taken = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Cancelled when it is somebody else's.</summary>
        public CancellationToken Taken => _taken.Token;

        /// <summary>Ends it, and waits until it is over.</summary>
        public async Task TakeAwayAsync(CancellationToken cancel)
        {
            try
            {
                await _taken.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // it is over just now
            }

            await _over.Task.WaitAsync(cancel);
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            uploads._claims.TryRemove(new(upload, this));
            _over.TrySetResult();
            _taken.Dispose();
        }
    }
}
