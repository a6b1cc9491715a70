using Microsoft.AspNetCore.Components;
using MudBlazor;
using Operone.Core;
using Operone.Core.Access;
using Operone.Web.Console.Parts;

namespace Operone.Web.Access.Pages;

/// <summary>The API tokens: made, listed, revoked.</summary>
public sealed partial class Tokens
{
    private Page<ApiTokenView>? _page;

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    protected override IReadOnlyList<string> Topics() => [];

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var page = await Service.ListAsync(Actor, new(Actor.May(Permissions.TokensManage, null)), 50, Cursor, cancellationToken);
        (Problem, _page) = page.Match<(Core.Errors.Error?, Page<ApiTokenView>?)>(p => (null, p), e => (e, null));
    }

    private static string May(ApiTokenView token) =>
        token.Permissions.Count == Permissions.All.Count ? "everything" : string.Join(", ", token.Permissions);

    private async Task CreateAsync()
    {
        var dialog = await DialogService.ShowAsync<NewToken>("New API token", Dialogs.Form);
        await dialog.Result;
        await RefreshAsync();
    }

    private async Task RevokeAsync(ApiTokenView token)
    {
        if (await DialogService.ConfirmAsync("Revoke the token?", $"Whatever uses '{token.Name}' can no longer do anything here, from this moment on.", "Revoke"))
        {
            var revoked = await Service.RevokeAsync(Actor, token.Id, Gone);
            if (revoked.IsError)
            {
                Problem = revoked.Error;
                return;
            }

            Snackbar.Add($"Revoked '{token.Name}'.", Severity.Success);
            await RefreshAsync();
        }
    }
}
