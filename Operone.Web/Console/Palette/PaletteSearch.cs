using Operone.Core.Access;
using Operone.Core.Shell;
using Operone.Web.Access;
using Operone.Web.Console.Frame;
using Operone.Web.Console.Parts;
using Operone.Web.Devices;
using Operone.Web.Shell;

namespace Operone.Web.Console.Palette;

/// <summary>Something that the palette found.</summary>
internal sealed record PaletteItem(string Group, string Title, string Icon, string? Href, string Hint = "", Func<Task>? Act = null, bool IsMono = false);

/// <summary>Finds what a person may mean: what the page can do, pages, devices, runs.</summary>
internal sealed class PaletteSearch(PageActions page, DeviceSight sight, DeviceDirectory devices, RunReader runs)
{
    private const int MaxDevices = 8;
    private const int MaxRuns = 6;

    public async Task<IReadOnlyList<PaletteItem>> FindAsync(Actor actor, string text, CancellationToken cancellationToken)
    {
        var found = new List<PaletteItem>();
        found.AddRange(page.Actions.Where(a => Has(a.Title, text)).Select(a => new PaletteItem("This page", a.Title, a.Icon, a.Href, "", a.Act)));
        found.AddRange(Places.All.Where(p => p.IsFor(actor) && Has(p.Title, text))
            .Select(p => new PaletteItem("Pages", p.Title, p.Icon, p.Href.Length == 0 ? "/" : p.Href, $"g {p.Key}")));
        if (actor.May(Permissions.RunsCreate) && Has("New run", text))
        {
            found.Add(new("Pages", "New run", Glyphs.Play, "runs/new"));
        }

        if (actor.May(Permissions.TerminalsOpen) && Has("New terminal", text))
        {
            found.Add(new("Pages", "New terminal", Glyphs.Terminal, "terminals?new=true"));
        }

        if (actor.May(Permissions.DevicesRead) && text.Length > 0)
        {
            found.AddRange(sight.VisibleTo(actor).Where(d => Has(d.Name, text))
                .OrderBy(d => !d.Name.StartsWith(text, StringComparison.OrdinalIgnoreCase)).ThenBy(d => d.Name, StringComparer.OrdinalIgnoreCase)
                .Take(MaxDevices)
                .Select(d => new PaletteItem("Devices", d.Name, Glyphs.Device, $"devices/{d.Name}", devices.IsOnline(d.Id) ? "online" : "offline")));
        }

        if (actor.May(Permissions.RunsRead))
        {
            found.AddRange(await FindRunsAsync(actor, text, cancellationToken));
        }

        return found;
    }

    private async Task<IEnumerable<PaletteItem>> FindRunsAsync(Actor actor, string text, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(text, out var id))
        {
            var run = await runs.GetAsync(actor, id, cancellationToken);
            return run.IsError ? [] : [Item(run.Value)];
        }

        var page = await runs.ListAsync(actor, new RunQuery(Text: text.Length > 0 ? text : null, Limit: MaxRuns), cancellationToken);
        return page.IsError ? [] : page.Value.Items.Select(Item);
    }

    private static PaletteItem Item(RunView run) =>
        new("Runs", run.Command, Glyphs.Runs, $"runs/{run.Id}", run.Status.ToText(), IsMono: true);

    private static bool Has(string title, string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .All(word => title.Contains(word, StringComparison.OrdinalIgnoreCase));
}
