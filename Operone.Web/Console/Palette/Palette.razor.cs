using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using MudBlazor;

namespace Operone.Web.Console.Palette;

/// <summary>Goes to any page, device or run, and does what the open page can.</summary>
public sealed partial class Palette
{
    private IReadOnlyList<PaletteItem> _found = [];
    private string _text = "";
    private int _at;
    private int _asked;
    private ElementReference _query;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = default!;

    [Inject]
    private PaletteSearch Search { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            await _query.FocusAsync();
        }
    }

    protected override async Task OnInitializedAsync() => _found = await Search.FindAsync(Actor, "", CancellationToken.None);

    private async Task TypedAsync(ChangeEventArgs change)
    {
        _text = change.Value as string ?? "";
        var asked = ++_asked;
        var found = await Search.FindAsync(Actor, _text.Trim(), CancellationToken.None);
        if (asked == _asked)
        {
            (_found, _at) = (found, 0);
        }
    }

    private async Task KeyAsync(KeyboardEventArgs key)
    {
        switch (key.Key)
        {
            case "ArrowDown":
                _at = Math.Min(_at + 1, _found.Count - 1);
                break;
            case "ArrowUp":
                _at = Math.Max(_at - 1, 0);
                break;
            case "Enter" when _at < _found.Count:
                await ChooseAsync(_found[_at]);
                break;
        }
    }

    private async Task ChooseAsync(PaletteItem item)
    {
        Dialog.Close();
        if (item.Act is not null)
        {
            await item.Act();
        }
        else
        {
            Navigation.NavigateTo(item.Href!);
        }
    }
}
