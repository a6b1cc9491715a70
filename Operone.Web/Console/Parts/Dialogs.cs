using MudBlazor;

namespace Operone.Web.Console.Parts;

/// <summary>How dialogs are opened, all alike: Escape leaves, a click beside a form does not lose what was typed.</summary>
internal static class Dialogs
{
    public static DialogOptions Form { get; } = new() { MaxWidth = MaxWidth.Small, FullWidth = true, BackdropClick = false, CloseOnEscapeKey = true };

    public static DialogOptions Reading { get; } = new() { MaxWidth = MaxWidth.Small, FullWidth = true, CloseOnEscapeKey = true };

    /// <summary>Asks once before something is destroyed. The text names what goes.</summary>
    public static async Task<bool> ConfirmAsync(this IDialogService dialogs, string title, string text, string act)
    {
        var shown = await dialogs.ShowAsync<Confirm>(
            title, new DialogParameters<Confirm> { { d => d.Text, text }, { d => d.Act, act } }, Reading with { MaxWidth = MaxWidth.ExtraSmall });
        return await shown.Result is { Canceled: false };
    }
}
