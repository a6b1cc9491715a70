using System.Threading.Channels;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Web.Access;
using Operone.Web.Devices;

namespace Operone.Web.Files.Search;

/// <summary>What is to be searched, checked.</summary>
/// <param name="Query">What is looked for.</param>
/// <param name="Places">Where, as addresses in the tree.</param>
internal sealed record SearchPlan(FileQuery Query, IReadOnlyList<TreePath> Places);

/// <summary>Looks for names and text in many places at once. The devices look; the node only passes on what they find, as fast as it is taken.</summary>
internal sealed class FileSearchService(FileTree tree, DeviceSight sight, FileRecords records, PdfSearch pdfs)
{
    /// <summary>How many places are searched at once.</summary>
    private const int AtOnce = 16;

    /// <summary>How many lines wait for whoever takes them.</summary>
    private const int MaxWaiting = 64;

    /// <summary>A search of one place.</summary>
    public static Result<SearchPlan> Plan(TreePath address, FileQuery? query) =>
        Check(query).ToError() is { } invalid ? invalid : address.Depth < 2 ? FileErrors.NotThere(address.ToString()) : new SearchPlan(query!, [address]);

    /// <summary>A search over devices: those whose files somebody may read.</summary>
    public async Task<Result<SearchPlan>> PlanAsync(Actor actor, SearchFiles request, CancellationToken cancellationToken)
    {
        var errors = Check(request.Query);
        var target = request.Target ?? new();
        errors.AddIf(target is { Devices: null or { Count: 0 }, Selector: null, All: false }, "target", "is missing: say devices, selector or all");
        errors.AddIf(request.Paths?.Count > FileQueryLimits.Paths, "paths", $"are more than {FileQueryLimits.Paths}");
        var paths = new List<TreePath>();
        foreach (var text in request.Paths is { Count: > 0 } given ? given : ["/"])
        {
            var path = TreePath.Parse(text ?? "");
            errors.AddIf(path.IsError, "paths", $"'{text}' is no path");
            paths.Add(path.IsError ? TreePath.Top : path.Value);
        }

        if (errors.ToError() is { } invalid)
        {
            return invalid;
        }

        var devices = await MeanAsync(actor, target, cancellationToken);
        if (devices.IsError)
        {
            return devices.Error!;
        }

        var top = TreePath.Top.Child(FileTree.Devices);
        return new SearchPlan(request.Query!, [.. devices.Value.SelectMany(d => paths.Select(p => top.Child(d.Name).Join(p)))]);
    }

    /// <summary>Searches. Each place ends with its end, or with its error, which is told besides.</summary>
    public async Task RunAsync(Actor actor, SearchPlan plan, Func<FileSearchLine, Error?, ValueTask> take, CancellationToken cancellationToken)
    {
        var lines = Channel.CreateBounded<(FileSearchLine Line, Error? Error)>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var searching = SearchAllAsync(actor, plan, lines.Writer, stop.Token);
        try
        {
            await foreach (var (line, error) in lines.Reader.ReadAllAsync(cancellationToken))
            {
                await take(line, error);
            }
        }
        finally
        {
            // whoever took them has gone: the devices stop
            await stop.CancelAsync();
            await searching;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task SearchAllAsync(Actor actor, SearchPlan plan, ChannelWriter<(FileSearchLine, Error?)> lines, CancellationToken cancellationToken)
    {
        try
        {
            await Parallel.ForEachAsync(plan.Places, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (place, until) =>
            {
                var name = place.ToAddress();
                var searched = await SearchAsync(actor, place, plan.Query, line => lines.WriteAsync((line with { Place = name }, null), until), until);
                await lines.WriteAsync(
                    searched.Error is { } error ? (new(name, Error: new(error.Code, $"{error.Title} {error.Detail}")), error) : (new(name, End: searched.Value), null), until);
            });
            lines.Complete();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            lines.Complete();
        }
#pragma warning disable CA1031 // it is thrown where the lines are read
        catch (Exception problem)
#pragma warning restore CA1031
        {
            lines.Complete(problem);
        }
    }

    /// <summary>Searches all of one place that may be had, one scope after the other.</summary>
    private async Task<Result<FileSearched>> SearchAsync(Actor actor, TreePath address, FileQuery query, Func<FileSearchLine, ValueTask> take, CancellationToken cancellationToken)
    {
        var places = await tree.FindAllAsync(actor, address, Permissions.FilesRead, "file.search", cancellationToken);
        if (places.IsError)
        {
            return places.Error!;
        }

        var (sum, missing) = ((FileSearched?)null, (Error?)null);
        foreach (var place in places.Value)
        {
            await records.SearchedAsync(actor, place, Describe(query), cancellationToken);
            var left = (query.MaxMatches ?? FileQueryLimits.Matches) - (sum?.Matches ?? 0);
            if (left <= 0)
            {
                return sum! with { IsCut = true };
            }

            var (before, raw, readsPdfs) = (sum ?? new(), 0L, query.Pdf && !string.IsNullOrEmpty(query.Text));
            var searched = await place.Backend.SearchAsync(place.Scope, place.Path, query with { MaxMatches = (int)left, Pdf = false }, async news =>
            {
                foreach (var match in news.Found)
                {
                    if (readsPdfs && match.Line is not null && PdfSearch.IsPdf(match.Path, place))
                    {
                        // how a page is drawn is not what is written on it
                        raw++;
                        continue;
                    }

                    await take(new("", Match: match with { Path = place.Address.Join(TreePath.Parse(match.Path).Value).ToAddress() }));
                }

                if (news.Progress is { } progress)
                {
                    await take(new("", Progress: before.Plus(progress)));
                }
            }, cancellationToken);
            if (searched.Error is { Code: "file-not-found" } gone && place.Address.Depth > address.Depth)
            {
                // a policy names a folder that this device does not have
                missing = gone;
                continue;
            }

            if (searched.IsError)
            {
                return searched.Error!;
            }

            var found = searched.Value.Matches - raw;
            sum = before.Plus(searched.Value with { Matches = found });
            if (readsPdfs && left > found)
            {
                var inPdfs = await pdfs.RunAsync(place, query, (int)(left - found), match =>
                    take(new("", Match: match with { Path = place.Address.Join(TreePath.Parse(match.Path).Value).ToAddress() })), cancellationToken);
                if (inPdfs.IsError)
                {
                    return inPdfs.Error!;
                }

                sum = sum.Plus(inPdfs.Value);
            }
        }

        return sum is not null ? sum : missing!;
    }

    private async ValueTask<Result<IReadOnlyCollection<DeviceEntry>>> MeanAsync(Actor actor, RunTarget target, CancellationToken cancellationToken)
    {
        var selector = Selector.Parse(target.Selector);
        if (selector.IsError)
        {
            return selector.Error!;
        }

        var all = sight.With(actor, Permissions.FilesRead).ToArray();
        var found = all.Where(d => target.All || (target.Selector is not null && selector.Value.Matches(d.Labels))).ToDictionary(d => d.Id);
        foreach (var name in target.Devices ?? [])
        {
            var device = await sight.RequireAsync(actor, Permissions.FilesRead, name, "file.search", cancellationToken);
            if (device.IsError)
            {
                return device.Error!;
            }

            found[device.Value.Id] = device.Value;
        }

        return found.Count == 0 ? DeviceErrors.TargetEmpty(target, all.Length) : found.Values.OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase).ToArray();
    }

    private static FieldErrors Check(FileQuery? query)
    {
        var errors = new FieldErrors();
        if (query is null)
        {
            errors.Add("query", "is missing");
        }
        else
        {
            FileQueryLimits.Check(query, errors);
        }

        return errors;
    }

    private static string Describe(FileQuery query) => string.Join(", ", new[]
    {
        string.IsNullOrEmpty(query.Text) ? null : $"{(query.IsRegex ? "expression" : "text")} {query.Text}",
        string.IsNullOrEmpty(query.Name) ? null : $"name {query.Name}",
        query.Hidden ? "with hidden files" : null,
        query.Pdf ? "in PDF too" : null,
    }.OfType<string>());
}
