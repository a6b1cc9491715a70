using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Files;
using Operone.Core.Files.Search;
using Operone.Web.Console.Parts;
using Operone.Web.Files.Search;

namespace Operone.Web.Files.Pages.Search;

/// <summary>A search. It begins with the address that says what is looked for, and ends with the page.</summary>
public sealed partial class SearchPane
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);

    private SearchResults _results = new();
    private Virtualize<SearchRow>? _list;
    private (TreePath Path, string? Find, string? Named, string? On, string? How)? _shown;
    private CancellationTokenSource? _search;
    private Task _searching = Task.CompletedTask;
    private Error? _problem;
    private bool _isRunning;
    private bool _isOver;
    private string? _text;
    private string? _name;
    private string? _on;
    private bool _isRegex;
    private bool _case;
    private bool _word;
    private bool _hidden;
    private bool _pdf;

    [Inject]
    private FileSearchService Search { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    /// <summary>Where it looks.</summary>
    [Parameter, EditorRequired]
    public TreePath Value { get; set; } = TreePath.Top;

    /// <summary>The text.</summary>
    [Parameter]
    public string? Find { get; set; }

    /// <summary>The pattern of names.</summary>
    [Parameter]
    public string? Named { get; set; }

    /// <summary>The selector of devices.</summary>
    [Parameter]
    public string? On { get; set; }

    /// <summary>Letters: <c>r</c> a regular expression, <c>c</c> case matters, <c>w</c> whole words, <c>h</c> hidden files, <c>p</c> the text of PDFs.</summary>
    [Parameter]
    public string? How { get; set; }

    private bool IsAsked => !string.IsNullOrEmpty(Find) || !string.IsNullOrEmpty(Named);

    private FileQuery Query => new()
    {
        Text = string.IsNullOrEmpty(Find) ? null : Find,
        Name = string.IsNullOrEmpty(Named) ? null : Named,
        IsRegex = Has('r'),
        IgnoreCase = !Has('c'),
        WholeWord = Has('w'),
        Hidden = Has('h'),
        Pdf = Has('p'),
    };

    private string Summary
    {
        get
        {
            if (!_isRunning && !_isOver)
            {
                return "";
            }

            var all = _results.Places.Select(p => p.Searched).OfType<FileSearched>().Aggregate(new FileSearched(), (sum, one) => sum.Plus(one));
            var found = _results.Matches == 1 ? "1 match" : $"{_results.Matches:N0} matches";
            var looked = string.IsNullOrEmpty(Find) ? $"{all.Seen:N0} names" : $"{all.Files:N0} files, {Quantities.FormatSize(all.Bytes)}";
            return $"{(_isRunning ? "Searching: " : "")}{found} in {looked}";
        }
    }

    /// <summary>What could not be searched, in words.</summary>
    private List<(string Place, string Text)> Troubles
    {
        get
        {
            var troubles = new List<(string, string)>();
            foreach (var place in _results.Places)
            {
                if (place.Error is { } error)
                {
                    troubles.Add((place.Address, error));
                }
                else if (place.IsOver && place.Searched is { } end)
                {
                    if (end.Unreadable > 0)
                    {
                        troubles.Add((place.Address, $"{end.Unreadable:N0} could not be looked at: {(end.Problems is [var first, ..] ? first.Detail : "nobody said why")}"));
                    }

                    if (end.IsCut)
                    {
                        troubles.Add((place.Address, $"It ended with {end.Matches:N0} matches; there may be more."));
                    }
                }
            }

            return troubles;
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        var asked = (Value, Find, Named, On, How);
        if (_shown is { } shown && shown.Path.Equals(Value) && (shown.Find, shown.Named, shown.On, shown.How) == (Find, Named, On, How))
        {
            return;
        }

        _shown = asked;
        (_text, _name, _on) = (Find, Named, On);
        (_isRegex, _case, _word, _hidden, _pdf) = (Has('r'), Has('c'), Has('w'), Has('h'), Has('p'));
        await StopAsync();
        (_results, _problem, _isOver) = (new(), null, false);
        if (IsAsked && RendererInfo.IsInteractive)
        {
            _search = new CancellationTokenSource();
            _isRunning = true;
            _searching = RunAsync(_results, _search.Token);
        }
    }

    private async Task RunAsync(SearchResults results, CancellationToken cancellationToken)
    {
        try
        {
            var plan = await PlanAsync(cancellationToken);
            if (plan.IsError)
            {
                _problem = plan.Error;
                return;
            }

            // beside the page, which takes what was found from time to time
            var running = Task.Run(() => Search.RunAsync(Actor, plan.Value, (line, _) =>
            {
                results.Take(line);
                return ValueTask.CompletedTask;
            }, cancellationToken), cancellationToken);
            while (!running.IsCompleted)
            {
                await Task.WhenAny(running, Task.Delay(_pause, Time, cancellationToken));
                await ShowAsync(results);
            }

            await ShowAsync(results);

            await running;
            _isOver = true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // it was stopped, or the page was left
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
        finally
        {
            _isRunning = false;
            await InvokeAsync(StateHasChanged);
        }
    }

    private async ValueTask<Result<SearchPlan>> PlanAsync(CancellationToken cancellationToken) => Value.Depth > 1 && string.IsNullOrWhiteSpace(On)
        ? FileSearchService.Plan(Value, Query)
        : await Search.PlanAsync(Actor, Request, cancellationToken);

    private SearchFiles Request => new(
        string.IsNullOrWhiteSpace(On) ? new RunTarget(All: true) : new RunTarget(Selector: On), Query, [Value.Depth > 1 ? Value.Below(2).ToAddress() : "/"]);

    private async Task ShowAsync(SearchResults results)
    {
        if (results.TakeChange())
        {
            await InvokeAsync(async () =>
            {
                StateHasChanged();
                if (_list is not null)
                {
                    await _list.RefreshDataAsync();
                }
            });
        }
    }

    private ValueTask<ItemsProviderResult<SearchRow>> Provide(ItemsProviderRequest request) =>
        ValueTask.FromResult(new ItemsProviderResult<SearchRow>(_results.Get(request.StartIndex, request.Count), _results.Rows));

    private async Task StopAsync()
    {
        if (_search is { } search)
        {
            _search = null;
            await search.CancelAsync();
            await _searching;
            search.Dispose();
        }
    }

    private void Submit()
    {
        var how = (_isRegex ? "r" : "") + (_case ? "c" : "") + (_word ? "w" : "") + (_hidden ? "h" : "") + (_pdf ? "p" : "");
        var to = Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
        {
            ["find"] = _text ?? "",
            ["named"] = string.IsNullOrEmpty(_name) ? null : _name,
            ["on"] = string.IsNullOrWhiteSpace(_on) ? null : _on,
            ["how"] = how.Length == 0 ? null : how,
        });
        _shown = null; // the same again is searched again
        Navigation.NavigateTo(to);
    }

    private IReadOnlyList<string>? Of(string field) => _problem?.Fields?.FirstOrDefault(f => f.Key == field || f.Key.EndsWith("." + field, StringComparison.Ordinal)).Value;

    private bool Has(char letter) => How?.Contains(letter, StringComparison.Ordinal) == true;

    private static string Href(FileMatch match) => match.Page is { } page
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{PathText.Href(match.Path)}?view=text&at={page}")
        : match.Offset is { } at
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{PathText.Href(match.Path)}?at={at}&found={match.Length ?? 0}")
        : PathText.Href(match.Path);

    /// <summary>A place as the command line has it.</summary>
    private static string Show(string address) => TreePath.Parse(address) is { IsError: false } path ? FileName.Display(PathText.Command(path.Value)) : address;

    private static string ShowBelow(SearchPlace place, FileMatch match)
    {
        var (from, path) = (TreePath.Parse(place.Address), TreePath.Parse(match.Path));
        return path.IsError ? match.Path
            : !from.IsError && path.Value.IsIn(from.Value) && path.Value.Depth > from.Value.Depth ? FileName.Display(string.Join('/', path.Value.Below(from.Value.Depth).Names))
            : FileName.Display(path.Value.Name);
    }

    private static string State(SearchPlace place) => place switch
    {
        { Error: not null } => "not searched whole",
        { IsOver: false } => "searching…",
        { Searched: { } end } => end.Matches == 1 ? "1 match" : $"{end.Matches:N0} matches",
        _ => "",
    };

    /// <summary>The line, and what in it was found.</summary>
    private static (string Before, string Inside, string After) Split(FileMatch match, string text)
    {
        var from = Math.Clamp((match.Column ?? 1) - 1 - (match.Cut ?? 0), 0, text.Length);
        var to = Math.Clamp(from + (match.Length ?? 0), from, text.Length);
        return (text[..from].TrimStart(), text[from..to], text[to..]);
    }

    private (string Command, string Call) Doors()
    {
        var query = Query;
        var words = new List<string> { "operone", "search" };
        if (query.Text is null)
        {
            words.Add("--names");
        }
        else if (!query.IsRegex)
        {
            words.Add("-F");
        }

        words.AddRange([.. query.IgnoreCase ? ["-i"] : (string[])[], .. query.WholeWord ? ["-w"] : (string[])[], .. query.Hidden ? ["--hidden"] : (string[])[], .. query.Pdf ? ["--pdf"] : (string[])[]]);
        words.AddRange(query is { Text: not null, Name: { } name } ? ["--name", ShellText.Quote(name)] : []);
        words.Add(ShellText.Quote(query.Text ?? query.Name ?? "TEXT"));
        var isOne = Value.Depth > 1 && string.IsNullOrWhiteSpace(On);
        words.AddRange(isOne ? [ShellText.Quote(PathText.Command(Value))]
            : [.. string.IsNullOrWhiteSpace(On) ? ["--all"] : (string[])["-l", ShellText.Quote(On)], .. Value.Depth > 2 ? [ShellText.Quote(PathText.Write(Value.Below(2)))] : (string[])[]]);
        var (address, body) = isOne
            ? ($"{Navigation.BaseUri}api/v1/files{Value.ToAddress()}:search", System.Text.Json.JsonSerializer.Serialize(query, Core.Connection.OperoneJson.Default.FileQuery))
            : ($"{Navigation.BaseUri}api/v1/files:search", System.Text.Json.JsonSerializer.Serialize(Request, Core.Connection.OperoneJson.Default.SearchFiles));
        return (string.Join(' ', words), $"{ShellText.Curl("POST", address)} \\\n  -H 'Content-Type: application/json' -d {ShellText.Quote(body)}");
    }

    public async ValueTask DisposeAsync() => await StopAsync();
}
