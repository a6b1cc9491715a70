using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>What one of the files' commands does, from its arguments to its exit code.</summary>
/// <param name="cli">The world around it.</param>
/// <param name="api">The server.</param>
/// <param name="name">The command.</param>
internal sealed class FileRun(CliContext cli, OperoneApi api, string name)
{
    /// <summary>The exit code where something failed and the rest was done, as coreutils have it.</summary>
    private const int SomeFailedExitCode = 1;

    private readonly Dictionary<string, RemoteFiles> _devices = new(StringComparer.Ordinal);
    private readonly LocalFiles _local = new();
    private int _failures;

    /// <summary>The world around it.</summary>
    public CliContext Cli => cli;

    /// <summary>The exit code so far.</summary>
    public int ExitCode => _failures == 0 ? 0 : SomeFailedExitCode;

    /// <summary>How much failed.</summary>
    public int Failures => _failures;

    /// <summary>What is shown meanwhile.</summary>
    public Progress? Progress { get; set; }

    /// <summary>Where a place is.</summary>
    public IFileSide SideOf(Place place)
    {
        if (place.Device is not { } device)
        {
            return _local;
        }

        return _devices.TryGetValue(device, out var known) ? known : _devices[device] = new RemoteFiles(api, device);
    }

    /// <summary>A place for people.</summary>
    public string Show(Place place) => SideOf(place).Show(place.Path);

    /// <summary>Says that something failed; the rest goes on.</summary>
    public void Fail(string place, Error error)
    {
        Interlocked.Increment(ref _failures);
        Say($"{name}: {place}: {error.Title} {error.Detail}".TrimEnd());
    }

    /// <summary>Says something.</summary>
    public void Say(string text)
    {
        if (Progress is { } progress)
        {
            progress.Say(() => cli.Say(text));
        }
        else
        {
            cli.Say(text);
        }
    }

    /// <summary>What the places name: a pattern in a last name on a device is expanded, and stays as it is where nothing fits, as a shell does.</summary>
    public async Task<List<(Place Place, FileItem Item)>> FindAsync(IEnumerable<Place> places, bool isMissingFine, CancellationToken cancellationToken)
    {
        var found = new List<(Place, FileItem)>();
        foreach (var place in places)
        {
            var side = SideOf(place);
            if (place.IsPattern)
            {
                var fitting = new List<(Place, FileItem)>();
                var listed = await side.ListAsync(place.Path.Parent, item =>
                {
                    if ((item.Name[0] != '.' || place.Path.Name[0] == '.') && FilePattern.MatchesName(place.Path.Name, item.Name, StringComparison.Ordinal)
                        && (!place.IsFolder || item.IsFolder))
                    {
                        fitting.Add((place with { Path = item.Path }, item));
                    }
                }, cancellationToken);
                if (listed.Error is { } error && error.Code is not "file-not-found")
                {
                    Fail(Show(place), error);
                    continue;
                }

                if (fitting.Count > 0)
                {
                    found.AddRange(fitting);
                    continue;
                }
            }

            var stat = await side.StatAsync(place.Path, cancellationToken);
            if (stat.Error is { } problem)
            {
                if (!(isMissingFine && problem.Code == "file-not-found"))
                {
                    Fail(Show(place), problem);
                }

                continue;
            }

            if (place.IsFolder && !stat.Value.IsFolder)
            {
                Fail(Show(place), new(ErrorKind.Conflict, FileProblems.WrongKind, "It is no folder.", ""));
                continue;
            }

            found.Add((place, stat.Value));
        }

        return found;
    }
}
