using MudBlazor;
using Operone.Core.Access;
using Operone.Web.Console.Parts;

namespace Operone.Web.Access.Pages;

/// <summary>One's own passkeys: seen, added, renamed, removed.</summary>
public sealed partial class Passkeys
{
    private IReadOnlyList<PasskeyView>? _passkeys;

    protected override IReadOnlyList<string> Topics() => [];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var found = await Service.ListAsync(Actor, cancellationToken);
        (Problem, _passkeys) = found.Match<(Core.Errors.Error?, IReadOnlyList<PasskeyView>?)>(p => (null, p), e => (e, null));
    }

    private async Task AddAsync()
    {
        var dialog = await DialogService.ShowAsync<NewPasskey>("New passkey", Dialogs.Form);
        if (await dialog.Result is { Canceled: false, Data: string name })
        {
            Snackbar.Add($"Added '{name}'.", Severity.Success);
        }

        await RefreshAsync();
    }

    private async Task RenameAsync(PasskeyView passkey)
    {
        var dialog = await DialogService.ShowAsync<RenamePasskeyDialog>(
            "Rename the passkey", new DialogParameters<RenamePasskeyDialog> { { d => d.Passkey, passkey } }, Dialogs.Form);
        await dialog.Result;
        await RefreshAsync();
    }

    private async Task RemoveAsync(PasskeyView passkey)
    {
        if (await DialogService.ConfirmAsync(
            "Remove the passkey?", $"'{passkey.Name}' does not sign you in any more, from this moment on. Remove it from the device or password manager too.", "Remove"))
        {
            var removed = await Service.RemoveAsync(Actor, passkey.Id, Gone);
            if (removed.IsError)
            {
                Problem = removed.Error;
                return;
            }

            Snackbar.Add($"Removed '{passkey.Name}'.", Severity.Success);
            await RefreshAsync();
        }
    }
}
